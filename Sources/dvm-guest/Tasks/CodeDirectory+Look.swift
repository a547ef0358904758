internal import DVMProtocol
internal import Glibc

extension CodeDirectory {
    /// What the code directory of this VM holds.
    ///
    /// It is looked into as its owner: the project is a stranger to root.
    ///
    /// - Throws: a `Refusal` when it cannot be looked into; that is not the same as empty.
    static func look() throws(Refusal) -> Self {
        let settings = try Settings.read()
        guard let developer = try Accounts.read()[settings.user] else {
            throw Refusal("the user “\(settings.user)” is gone from the VM")
        }
        let path = settings.codeDirectory
        guard try exists(path) else { return Self(path: path, entries: 0) }
        // One line an entry: -q shows a line feed in a name as a question mark.
        let listing = try Entering.asDeveloper(developer, ["/bin/ls", "-A", "-1", "-q", "--", path + "/"])
        guard listing.exit == .exited(0) else {
            throw Refusal("\(path) in the VM cannot be listed", hint: "look at it with `dvm sh`")
        }
        return Self(path: path, entries: listing.output.count { $0 == UInt8(ascii: "\n") })
    }

    /// Whether there is anything at a path; only the kernel's plain word that there is not counts as nothing.
    ///
    /// A directory on the way may be a mount that is closed to root, such as an encrypted one of the developer's.
    private static func exists(_ path: String) throws(Refusal) -> Bool {
        var status = stat()
        guard unsafe lstat(path, &status) != 0 else { return true }
        let error = Errno(rawValue: errno)
        guard error == .noSuchFileOrDirectory else {
            throw Refusal("\(path) in the VM cannot be looked at: \(error)", hint: "look at it with `dvm sh`")
        }
        return false
    }
}
