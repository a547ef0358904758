internal import DVMProtocol

/// A process of this VM and the sockets it has, as `/proc` shows them.
struct ProcessSockets {
    var pid: Int32
    /// What it calls itself; at most 15 bytes of anything.
    var name: String
    /// The kernel's numbers of its sockets.
    var inodes: [UInt64]
    /// Which network namespace it is in, such as `net:[4026531840]`.
    var network: String?
    /// The session of an agent it belongs to.
    var session: SessionID?

    /// Every process there is, the oldest number first; those that end meanwhile are passed over.
    static func all() -> [Self] {
        Listing.names(in: "/proc").compactMap { Int32($0) }.sorted().compactMap(Self.init(pid:))
    }

    /// The network namespace of this very process.
    static var ownNetwork: String? { RunningProcess.link("/proc/self/ns/net") }

    private init?(pid: Int32) {
        let place = "/proc/\(pid)"
        guard let name = try? TextFile.read(FilePath("\(place)/comm")) else { return nil }
        self.pid = pid
        self.name = String(name.prefix { $0 != "\n" })
        inodes = Listing.names(in: FilePath("\(place)/fd")).compactMap { descriptor in
            RunningProcess.link("\(place)/fd/\(descriptor)").flatMap(Self.inode)
        }
        network = RunningProcess.link("\(place)/ns/net")
        session = (try? TextFile.read(FilePath("\(place)/cgroup"))).flatMap(Self.session)
    }

    /// The number in `socket:[4711]`.
    static func inode(_ link: String) -> UInt64? {
        guard link.hasPrefix("socket:["), link.hasSuffix("]") else { return nil }
        return UInt64(link.dropFirst(8).dropLast())
    }

    /// The session in the text of `/proc/<pid>/cgroup`; see `AgentGroups`.
    static func session(_ groups: String) -> SessionID? {
        let start = "0::/dvm/agents/"
        guard let line = groups.split(separator: "\n").first(where: { $0.hasPrefix(start) }) else { return nil }
        return try? SessionID(String(line.dropFirst(start.count).prefix { $0 != "/" }))
    }
}
