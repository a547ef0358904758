internal import DVMProtocol

/// The mounts a process sees, as `/proc/self/mountinfo` lists them (proc(5)).
struct MountTable {
    struct Entry {
        var place: String
        var source: Source
        /// Of this mount, such as `ro` and `nosuid`; those of the file system may be others.
        var options: Set<Substring>
    }

    /// What is mounted somewhere.
    struct Source: Hashable, Codable {
        /// The number of the file system, as `major:minor`.
        var device: String
        /// The file or directory in it.
        var root: String
    }

    /// In the order in which they were mounted.
    var entries: [Entry]

    /// This process's.
    static func own() throws(Refusal) -> Self {
        guard let table = Self(try TextFile.read("/proc/self/mountinfo")) else {
            throw Refusal("the list of mounts cannot be understood", hint: "is /proc mounted in the VM?")
        }
        return table
    }

    /// The mounts in the text of that file; `nil` when a line is not one.
    init?(_ text: String) {
        entries = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6 else { return nil }
            entries.append(
                Entry(
                    place: Self.unescaped(fields[4]),
                    source: Source(device: String(fields[2]), root: Self.unescaped(fields[3])),
                    options: Set(fields[5].split(separator: ","))
                )
            )
        }
    }

    /// What a path shows, by the mount it is in; `nil` when it is in none.
    func source(of path: String) -> Source? {
        // The last of two in one place covers the other.
        let above = entries.reversed().filter { path == $0.place || path.hasPrefix($0.place + "/") || $0.place == "/" }
        guard let mount = above.max(by: { $0.place.utf8.count < $1.place.utf8.count }) else { return nil }
        let below = path == mount.place ? "" : path.dropFirst(mount.place == "/" ? 0 : mount.place.count)
        let root = mount.source.root == "/" ? String(below) : mount.source.root + below
        return Source(device: mount.source.device, root: root.isEmpty ? "/" : root)
    }

    /// A path as it is written there: blanks and backslashes are octal.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
