/// The remotes of a repository, as far as they tell what is outside the VM.
///
/// What git was told of one the last time is believed: the references below `refs/remotes/` with its name, and nothing else
/// there, such as what a remote left that is not configured any more.
struct Remotes: Hashable {
    /// Those whose address is outside the VM, by names that can be asked for; what only was pushed within it is lost with
    /// it.
    private(set) var outside: [String] = []
    /// All others.
    private(set) var others: [String] = []
    /// Where else git puts what it is told by those outside.
    private(set) var mapped: [String] = []

    private static let most = 50

    /// The remotes that a configuration names.
    init(_ text: GitConfigText) {
        for setting in text.settings where setting.kind == "remote.*.url" {
            let name = Self.name(in: setting)
            let counts = Self.isPlain(name) && !Self.isLocal(setting.value)
            if counts, !outside.contains(name), outside.count < Self.most { outside.append(name) }
        }
        for setting in text.settings where setting.key.hasPrefix("remote.") {
            let name = Self.name(in: setting)
            if outside.contains(name) {
                guard setting.kind == "remote.*.fetch", mapped.count < Self.most else { continue }
                let place = setting.value.split(separator: ":").dropFirst().first.map(String.init) ?? ""
                guard place.hasPrefix("refs/remotes/"), Self.isPlain(place, and: "*") else { continue }
                mapped.append(place)
            } else if Self.isPlain(name), !others.contains(name), others.count < Self.most {
                others.append(name)
            }
        }
    }

    /// What asks `git log` for everything of which git was told that it is outside.
    var told: [String] {
        outside.flatMap { name in nested(in: name).map { "--exclude=\($0)/*" } + ["--remotes=\(name)"] }
    }

    /// What asks `git log` for what lies where git puts what it is told by those outside, and is of another.
    var strange: [String] { outside.flatMap { nested(in: $0).map { "--glob=refs/remotes/\($0)/*" } } }

    /// One inside may be called what a branch of one outside could be: `origin/copy`.
    private func nested(in name: String) -> [String] { others.filter { $0.hasPrefix("\(name)/") } }

    private static func name(in setting: GitConfigText.Setting) -> String {
        let rest = setting.key.dropFirst("remote.".count)
        return rest.lastIndex(of: ".").map { String(rest[..<$0]) } ?? ""
    }

    private static func isPlain(_ name: String, and other: Character? = nil) -> Bool {
        let isPlain = name.utf8.allSatisfy { $0.isPlain || $0 == UInt8(ascii: "/") || $0 == other?.asciiValue }
        return isPlain && !name.isEmpty && !name.hasPrefix("-")
    }

    /// Whether an address means something in the VM: a path, as git tells it from `host:path`.
    static func isLocal(_ address: String) -> Bool {
        if let scheme = address.firstRange(of: "://") {
            let name = address[..<scheme.lowerBound].lowercased()
            let host = address[scheme.upperBound...].prefix { $0 != "/" }.split(separator: "@").last ?? ""
            return name == "file" || host.isEmpty || isThisMachine(host)
        }
        // A helper's own address, such as `ext::`: nobody knows where that leads.
        guard let colon = address.firstIndex(of: ":"), !address[colon...].hasPrefix("::") else { return true }
        let host = address[..<colon]
        return host.isEmpty || host.contains("/") || isThisMachine(host.split(separator: "@").last ?? "")
    }

    private static func isThisMachine(_ host: Substring) -> Bool {
        let name = host.hasPrefix("[") ? host.dropFirst().prefix { $0 != "]" } : host.prefix { $0 != ":" }
        return name == "localhost" || name.hasPrefix("127.") || name == "::1"
    }
}
