internal import DVMProtocol

/// What kind of terminal a program is told it has.
enum TerminalKind {
    /// What every terminal of today understands.
    static let usual = "xterm-256color"

    /// The kind asked for, or the usual one when this VM has no description of it (terminfo(5)): programs would refuse to
    /// run, or fall back to something far older.
    static func known(_ name: String, in directories: [FilePath] = directories) -> String {
        let allowed = name.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || "-_+.".utf8.contains(byte)
        }
        guard allowed, let first = name.utf8.first, first != UInt8(ascii: ".") else { return usual }
        // Sorted by first letter, or by its number where file systems do not tell cases apart.
        let folders = [String(name.prefix(1)), String(first, radix: 16)]
        let isThere = directories.contains { directory in
            folders.contains { Status.of(directory.appending($0).appending(name)) != nil }
        }
        return isThere ? name : usual
    }

    private static let directories: [FilePath] = [
        "/etc/terminfo", "/lib/terminfo", "/usr/lib/terminfo", "/usr/share/terminfo",
    ]
}
