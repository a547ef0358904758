internal import DVMProtocol

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
        guard try Status.exists(FilePath(path)) else { return Self(path: path, entries: 0) }
        // One line an entry: -q shows a line feed in a name as a question mark.
        let listing = try Entering.asDeveloper(developer, ["/bin/ls", "-A", "-1", "-q", "--", path + "/"])
        guard listing.exit == .exited(0) else {
            throw Refusal("\(path) in the VM cannot be listed", hint: "look at it with `dvm sh`")
        }
        return Self(path: path, entries: listing.output.count { $0 == UInt8(ascii: "\n") })
    }
}
