internal import DVMProtocol

/// What is to be done with the keys of a user; carried out by a process of theirs.
struct KeyOrder: Hashable, Codable {
    enum Kind: Hashable, Codable {
        /// Both SSH keys, with ssh and git set up.
        case ssh(SSHKeyRequest)
        /// The access key alone, for the code of a project on a server.
        case access(host: String?)
        /// The GPG key.
        case gpg
        /// Which private keys have wrong modes; changes nothing.
        case modes
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
        return try ask(Self(kind: kind, home: account.home, host: name), of: account, as: type)
    }

    /// The public part of the developer's access key, which is made where there is none.
    ///
    /// - Throws: a `Refusal` as above.
    static func accessKey(for host: String?) throws(Refusal) -> Ed25519Key {
        try perform(.access(host: host), as: Ed25519Key.self)
    }

    /// The modes of a user's private keys.
    ///
    /// - Throws: a `Refusal` when they cannot be looked at.
    static func modes(of account: Accounts.Account) throws(Refusal) -> PrivateKeyModes {
        try ask(Self(kind: .modes, home: account.home, host: ""), of: account, as: PrivateKeyModes.self)
    }

    private static func ask<Answer: Decodable>(
        _ order: Self,
        of account: Accounts.Account,
        as type: Answer.Type
    ) throws(Refusal) -> Answer {
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

    /// Carries it out, as this process's user.
    func run() throws(Refusal) -> any Encodable {
        switch kind {
        case .ssh(let request): try SSHKeyMaker.keys(self, request)
        case .access(let host): try SSHKeyMaker.accessKey(self, for: host)
        case .gpg: try GPGKeyMaker(self).run()
        case .modes: PrivateKeyModes.look(in: home)
        }
    }
}
