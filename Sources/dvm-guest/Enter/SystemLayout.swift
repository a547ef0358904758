internal import DVMProtocol
internal import Glibc

/// How this VM's system directories are arranged, as far as the view repeats it.
struct SystemLayout: Equatable {
    /// A name in the view that stands for something of the system.
    enum Entry: Equatable {
        /// A link, the same as outside.
        case link(to: String)
        /// The file or directory at this path.
        case bind(String)
    }

    /// Directories at the top beside `/usr`: links into it, or directories of their own on a system that is not merged.
    var top: [String: Entry] = [:]
    /// The allow-listed entries of `/etc`, those there are.
    var etc: [String: Entry] = [:]

    /// The layout of this system.
    static func read() -> Self {
        Self(
            top: entries(["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]),
            etc: entries(allowed.map { "/etc/\($0)" })
        )
    }

    private static func entries(_ paths: [String]) -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for path in paths { entries[path] = entry(path) }
        return entries
    }

    private static func entry(_ path: String) -> Entry? {
        guard let status = Status.of(FilePath(path)), let target = realPath(path), isSystems(target) else { return nil }
        guard status.isSymbolicLink, target.hasPrefix("/usr/"), let link = linkTarget(path) else {
            // A link that leads outside /usr, such as one into /run: what it leads to, in its place.
            return .bind(target)
        }
        // As a link: programs read the time zone's name from where /etc/localtime points.
        return .link(to: link)
    }

    /// Whether a path is where only the system puts things.
    ///
    /// A link in `/etc` may lead to where a person keeps their settings; that is theirs, and hidden.
    static func isSystems(_ path: String) -> Bool {
        ["/etc/", "/usr/", "/run/", "/lib"].contains { path.hasPrefix($0) } || ["/bin", "/sbin"].contains(path)
    }

    private static func realPath(_ path: String) -> String? {
        guard let real = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    private static func linkTarget(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    /// What programs need of `/etc`; everything else is hidden by not being here: password hashes, sudo rules, host keys,
    /// the machine's id, VPN and cluster credentials, mail and cron.
    static let allowed = [
        // Names and addresses.
        "nsswitch.conf", "hosts", "host.conf", "gai.conf", "protocols", "services", "networks",
        // Certificates and what may be trusted how.
        "ssl", "pki", "ca-certificates", "ca-certificates.conf", "crypto-policies", "gnutls",
        // The loader and what distributions choose between.
        "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
        // Place and language.
        "localtime", "timezone", "locale.conf", "locale.alias",
        // Shells and terminals.
        "profile", "profile.d", "bash.bashrc", "bashrc", "inputrc", "terminfo", "shells", "skel",
        // Which system this is.
        "os-release", "lsb-release", "debian_version", "fedora-release", "redhat-release", "system-release",
        // Programs' own settings for everyone.
        "mime.types", "magic", "fonts", "gitconfig", "ssh/ssh_config", "ssh/ssh_config.d", "perl", "python3", "vim",
        "java", "java-17-openjdk", "java-21-openjdk", "claude-code", "codex", "opencode", "gemini-cli",
    ]
}
