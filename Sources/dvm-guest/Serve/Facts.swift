internal import DVMProtocol
internal import Glibc

extension Welcome.Facts {
    /// What this VM is.
    static func read() -> Self {
        var name = utsname()
        unsafe uname(&name)
        let release = OSRelease((try? TextFile.read("/etc/os-release")) ?? "")
        return Self(
            distribution: release["ID"] ?? "linux",
            release: release["VERSION_ID"] ?? "",
            architecture: text(name.machine),
            kernel: text(name.release),
            identity: IdentityRecord().read()
        )
    }

    private static func text(_ field: some Any) -> String {
        unsafe withUnsafeBytes(of: field) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

/// os-release(5): lines of NAME=value, the value perhaps in quotes.
struct OSRelease {
    private var values: [String: String] = [:]

    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, !line.hasPrefix("#") else { continue }
            let quotes: Set<Character> = ["\"", "'"]
            values[String(parts[0])] = String(
                parts[1].drop { quotes.contains($0) }.reversed().drop { quotes.contains($0) }.reversed()
            )
        }
    }

    subscript(name: String) -> String? { values[name] }

    /// The distribution itself and those it says it is like.
    var families: Set<String> {
        Set((self["ID_LIKE"] ?? "").split(separator: " ").map(String.init) + [self["ID"] ?? ""])
    }
}
