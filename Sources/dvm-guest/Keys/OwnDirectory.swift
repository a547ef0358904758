internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A directory in the home of this process's user, closed to others.
enum OwnDirectory {
    /// Opens it: makes it where it is missing, and closes it where it is open to others.
    ///
    /// - Parameters:
    ///   - name: its name, such as `.ssh`.
    ///   - home: the home.
    /// - Returns: the directory, whatever becomes of its name.
    /// - Throws: a `Refusal` when a link, something else or somebody else's is there.
    static func open(_ name: String, in home: String) throws(Refusal) -> OwnedDescriptor {
        let path = FilePath(home).appending(name)
        if unsafe path.withPlatformString({ unsafe mkdir($0, 0o700) }) != 0, errno != EEXIST {
            throw Refusal(
                "~/\(name) in the VM cannot be made: \(Errno(rawValue: errno))",
                hint: "is the VM's disk full? `dvm sh` and `df -h ~` show it"
            )
        }
        let raw = unsafe path.withPlatformString {
            unsafe Glibc.open($0, dvm_o_path | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        guard raw >= 0 else { throw strange(name) }
        let directory = OwnedDescriptor(FileDescriptor(rawValue: raw))
        let status = try Status.of(directory.raw, called: "~/\(name)")
        guard status.uid == getuid() else { throw strange(name) }
        if status.mode & 0o077 != 0 || status.mode & 0o700 != 0o700 {
            // By its name in /proc, which is no link that could lead elsewhere.
            try call("closing ~/\(name)") { unsafe chmod("/proc/self/fd/\(directory.raw.rawValue)", 0o700) }
        }
        return directory
    }

    /// Makes it the directory this process and the programs it starts are in: from there on, names of files lead nowhere
    /// else, also when somebody puts a link in its place.
    ///
    /// - Throws: a `Refusal` as above.
    static func enter(_ name: String, in home: String) throws(Refusal) {
        let directory = try open(name, in: home)
        try call("going to ~/\(name)") { fchdir(directory.raw.rawValue) }
    }

    private static func strange(_ name: String) -> Refusal {
        Refusal(
            "~/\(name) in the VM is no directory of the user’s own; a link to one counts as none",
            hint: "look at it with `dvm sh`, and put a directory in its place"
        )
    }
}
