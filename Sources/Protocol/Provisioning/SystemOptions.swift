/// What a VM's system is set to beside accounts and directories: what it takes over from the person and their computer.
///
/// Where a part says to leave something alone, what dvm had set before stays; where it takes something away, only what
/// dvm itself had put there goes.
public struct SystemOptions: Hashable, Codable, Sendable {
    /// The time zone by its name in the tz database, such as `Europe/Warsaw`; left alone when absent.
    public var timeZone: String?
    /// The language of messages and formats, such as `de_DE.UTF-8`; left alone when absent.
    public var locale: String?
    /// What leads to the internet; taken away when absent.
    public var proxy: Proxy?
    /// Certificates of authorities the VM is to trust beside the distribution's, in PEM, one a text.
    public var certificates: [String]
    /// How many subordinate uids and gids the user has, for rootless containers; 0 for none.
    public var subordinateIDs: SubordinateIDs
    /// What memory is swapped to.
    public var swap: Swap
    /// Whether the user may become root with `sudo` and without a password.
    public var sudo: Bool

    /// Options; without any, only subordinate ids are given.
    public init(
        timeZone: String? = nil,
        locale: String? = nil,
        proxy: Proxy? = nil,
        certificates: [String] = [],
        subordinateIDs: SubordinateIDs = SubordinateIDs(),
        swap: Swap = .none,
        sudo: Bool = false
    ) {
        self.timeZone = timeZone
        self.locale = locale
        self.proxy = proxy
        self.certificates = certificates
        self.subordinateIDs = subordinateIDs
        self.swap = swap
        self.sudo = sudo
    }

    /// How many subordinate ids an account has.
    public struct SubordinateIDs: Hashable, Codable, Sendable {
        /// Of users: 0 to `most`.
        public var uids: Int
        /// Of groups: 0 to `most`.
        public var gids: Int

        /// Numbers of ids; what every distribution gives, when nothing is said.
        public init(uids: Int = 65536, gids: Int = 65536) {
            self.uids = uids
            self.gids = gids
        }

        /// The most there can be: two accounts with as many fit into 32 bits.
        public static let most = 1 << 30
    }

    /// What memory is swapped to.
    public enum Swap: Hashable, Codable, Sendable {
        /// Nothing of dvm's.
        case none
        /// A file of a size on the VM's disk.
        case file(mebibytes: Int)
        /// Compressed memory, of a size before it is compressed.
        case zram(mebibytes: Int)

        /// The sizes that make sense, in MiB.
        public static let sizes = 64...65536
    }
}

/// What leads to the internet where nothing else does.
public struct Proxy: Hashable, Codable, Sendable {
    /// For `http:`, such as `http://proxy.example:3128`.
    public var http: String?
    /// For `https:`.
    public var https: String?
    /// Hosts that are reached without it, as `no_proxy` has them.
    public var exceptions: [String]

    /// A proxy.
    public init(http: String?, https: String?, exceptions: [String] = []) {
        self.http = http
        self.https = https
        self.exceptions = exceptions
    }

    /// The variables that programs look at, in both spellings.
    public var variables: [String: String] {
        var variables: [String: String] = [:]
        let none = exceptions.isEmpty ? nil : exceptions.joined(separator: ",")
        for (name, value) in [("http_proxy", http), ("https_proxy", https), ("no_proxy", none)] {
            guard let value else { continue }
            variables[name] = value
            variables[name.uppercased()] = value
        }
        return variables
    }
}
