/// The guest's part of a copy: the other part is the host's.
public struct CopyRequest: Hashable, Codable, Sendable {
    /// What the guest does.
    public enum Role: Hashable, Codable, Sendable {
        /// It sends what is at these paths.
        case send([RawPath])
        /// It takes what comes: to this path, from one source or from several.
        case receive(RawPath, several: Bool)
    }

    /// What the guest does.
    ///
    /// Paths are relative to the code directory or start with `/` or `~`.
    public var role: Role
    /// Whether directories are copied, with everything below them.
    public var recursive: Bool
    /// Whether nothing is changed, and it is only said what would be.
    public var dryRun: Bool
    /// Whether it is the agent's home that is meant, and the agent's account that reads and writes.
    public var asAgent: Bool
    /// The most bytes of data that are taken.
    public var mostBytes: UInt64

    /// A request.
    public init(_ role: Role, recursive: Bool, dryRun: Bool, asAgent: Bool, mostBytes: UInt64) {
        self.role = role
        self.recursive = recursive
        self.dryRun = dryRun
        self.asAgent = asAgent
        self.mostBytes = mostBytes
    }

    /// Refuses what could never be done.
    ///
    /// - Throws: a `Refusal` that names the part.
    func check() throws(Refusal) {
        switch role {
        case .send(let paths):
            guard (1...Self.mostSources).contains(paths.count) else {
                throw Refusal("\(paths.count) sources for one copy", hint: "copy the directory they are in, with -r")
            }
            for path in paths { try path.check() }
        case .receive(let path, _): try path.check()
        }
    }

    /// The most sources of one copy.
    public static let mostSources = 1000
}

/// What a copy may come to; everything beyond it is refused, whoever sends it.
public enum CopyLimits {
    /// Entries in one copy.
    public static let entries = 1_000_000
    /// Directories in each other.
    public static let depth = 256
    /// Bytes of a name (`NAME_MAX`).
    public static let name = 255
    /// Bytes of the names and links of one copy together: what a receiver holds of them.
    public static let allNames = 64 << 20
    /// Bytes of data, unless somebody says otherwise.
    public static let usualBytes: UInt64 = 64 << 30
    /// Bytes of one `data` record.
    public static let data = Frame.largestData
    /// Shorter beginnings of files are not worth keeping when a copy is cut short.
    public static let worthKeeping: UInt64 = 1 << 20
    /// How the name of a file begins that is not whole yet.
    public static let partPrefix = Array(".dvm-cp.".utf8)
}
