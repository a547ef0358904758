internal import DVMProtocol

/// Whether an ordinary user of this VM may make a user namespace, which Bubblewrap stands on.
struct UserNamespaces: Equatable {
    /// `user.max_user_namespaces`.
    var most: Int?
    /// `kernel.unprivileged_userns_clone`, on Debian's kernels.
    var allowed: Int?
    /// `kernel.apparmor_restrict_unprivileged_userns`, on Ubuntu's.
    var restrictedByAppArmor: Int?
    /// The names of AppArmor's loaded profiles; absent where they cannot be read.
    var profiles: [String]?

    /// How it stands here.
    static var current: Self {
        let loaded = try? TextFile.read("/sys/kernel/security/apparmor/profiles")
        return Self(
            most: number("/proc/sys/user/max_user_namespaces"),
            allowed: number("/proc/sys/kernel/unprivileged_userns_clone"),
            restrictedByAppArmor: number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            profiles: loaded?.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        )
    }

    private static func number(_ path: FilePath) -> Int? {
        (try? TextFile.read(path)).flatMap { Int($0.prefix { $0.isNumber }) }
    }

    /// Refuses to start an agent where Bubblewrap is sure to fail, in words that help more than its own.
    static func check() throws(Refusal) {
        if let refusal = current.refusal { throw refusal }
    }

    /// What stands in the way, if anything.
    var refusal: Refusal? {
        if most == 0 {
            return Refusal(
                "the VM allows no user namespaces (user.max_user_namespaces is 0), which the agent's sandbox is made of",
                hint:
                    "run `sudo sysctl user.max_user_namespaces=15000` in the VM, and keep it with a file in /etc/sysctl.d"
            )
        }
        if allowed == 0 {
            return Refusal(
                "the VM keeps user namespaces to root (kernel.unprivileged_userns_clone is 0); the agent's sandbox needs one",
                hint:
                    "run `sudo sysctl kernel.unprivileged_userns_clone=1` in the VM, and keep it with a file in /etc/sysctl.d"
            )
        }
        // Without a list of profiles nothing is known; then Bubblewrap is tried, and fails closed.
        if restrictedByAppArmor == 1, let profiles, !profiles.contains(where: Self.letsBubblewrap) {
            return Refusal(
                "AppArmor keeps user namespaces from programs without a profile that allows them, and bwrap has none",
                hint: """
                    in the VM: `sudo apt-get install apparmor-profiles`, then copy \
                    /usr/share/apparmor/extra-profiles/bwrap-userns-restrict to /etc/apparmor.d/ and load it with \
                    `sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict`
                    """
            )
        }
        return nil
    }

    /// Whether a profile is one of those that distributions ship for Bubblewrap.
    static func letsBubblewrap(_ profile: String) -> Bool {
        ["bwrap", "dvm-bwrap", "/usr/bin/bwrap"].contains(profile)
    }
}
