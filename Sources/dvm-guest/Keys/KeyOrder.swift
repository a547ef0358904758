internal import DVMProtocol

/// Which keys a user is to have; carried out by a process of theirs.
struct KeyOrder: Hashable, Codable {
    enum Kind: Hashable, Codable {
        case ssh(SSHKeyRequest)
        case gpg
    }

    var kind: Kind
    /// The user's home.
    var home: String
    /// The VM's name, which the keys are called by.
    var host: String

    /// Has the developer's own process make or show the keys: root writes nothing into a home.
    ///
    /// - Throws: a `Refusal`, the process's own where it has one.
    static func perform<Answer: Decodable>(_ kind: Kind, as type: Answer.Type) throws(Refusal) -> Answer {
        let settings = try Settings.read()
        let account = try Developer.account(settings.user)
        let name = try TextFile.read("/etc/hostname").split(separator: "\n").first.map(String.init) ?? ""
        guard SSHKeyRequest.isHost(name) else {
            throw Refusal("the VM's name is not known", hint: "run `dvm sync` for this VM on the host")
        }
        let order = Self(kind: kind, home: account.home, host: name)
        let answer = try Entering.run(
            role: "look",
            LookOrder(uid: account.uid, gid: account.gid, task: .keys(order)),
            called: "making keys"
        )
        guard answer.exit == .exited(0), let value = try? JSON.decode(type, from: answer.output) else {
            throw Refusal(
                "making keys failed in the VM (status \(answer.exit.status))",
                hint: "try again with --verbose"
            )
        }
        return value
    }

    /// Makes or shows the keys, as this process's user.
    func run() throws(Refusal) -> any Encodable {
        switch kind {
        case .ssh(let request): try SSHKeyMaker(self, request).run()
        case .gpg: try GPGKeyMaker(self).run()
        }
    }
}
