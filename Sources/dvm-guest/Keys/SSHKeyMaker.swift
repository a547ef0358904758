internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Makes the SSH keys of a user, and has ssh and git use them.
///
/// Everything is written whole or not at all, and can be done again at any time. What is there and is no key is never
/// written over.
struct SSHKeyMaker {
    let order: KeyOrder
    private let rotates: Bool
    /// The servers that are to be reached with the access key, beside the usual ones and those named before.
    let hosts: [String]

    var changes: [String] = []
    var notes: [String] = []
    private var replaced: [Ed25519Key] = []
    /// The names that private keys were moved to.
    private var moved: [String] = []

    static let access = "id_ed25519_dvm"
    static let signing = "id_ed25519_dvm_signing"

    private init(_ order: KeyOrder, hosts: [String], rotates: Bool = false) {
        self.order = order
        self.hosts = hosts
        self.rotates = rotates
    }

    /// Makes or shows both keys, and has ssh and git use them.
    ///
    /// - Throws: a `Refusal` when a program is missing, or something is in the way that dvm does not touch.
    static func keys(_ order: KeyOrder, _ request: SSHKeyRequest) throws(Refusal) -> SSHKeys {
        var maker = Self(order, hosts: request.hosts, rotates: request.rotates)
        return try maker.alone { (maker) throws(Refusal) in
            let access = try maker.key(Self.access, called: "\(order.host)-dvm-git-access")
            let signing = try maker.key(Self.signing, called: "\(order.host)-dvm-git-signing")
            let hosts = try maker.configure()
            try maker.include()
            try maker.setUpGit(signing)
            if let note = oldKeys(besides: maker.moved) { maker.notes.append(note) }
            return SSHKeys(
                access: access,
                signing: signing,
                hosts: hosts,
                changes: maker.changes,
                notes: maker.notes,
                replaced: maker.replaced
            )
        }
    }

    /// Makes or shows the access key alone, for getting the code in; git signs nothing because of it.
    ///
    /// - Parameters:
    ///   - order: whose key, and what it is called by.
    ///   - host: the server it is for, where that has a name.
    /// - Returns: its public part.
    /// - Throws: a `Refusal` as above.
    static func accessKey(_ order: KeyOrder, for host: String?) throws(Refusal) -> Ed25519Key {
        var maker = Self(order, hosts: host.map { [$0] } ?? [])
        return try maker.alone { (maker) throws(Refusal) in
            let key = try maker.key(Self.access, called: "\(order.host)-dvm-git-access")
            _ = try maker.configure()
            // Who makes the clone names the key: a configuration that is not ours to change is no reason to stop.
            try? maker.include()
            return key
        }
    }

    /// Does something in `~/.ssh` while no other dvm does.
    private mutating func alone<Answer>(_ body: (inout Self) throws(Refusal) -> Answer) throws(Refusal) -> Answer {
        try KeyProgram.keygen.check()
        try OwnDirectory.enter(".ssh", in: order.home)
        // Two at a time would make two keys, and show one that is gone.
        guard let lock = try FileLock.take(".dvm-lock", within: .seconds(10)) else {
            throw Refusal("another dvm makes keys in this VM", hint: "run the same command again")
        }
        defer { withExtendedLifetime(lock) {} }
        Self.removeUnfinished()
        return try body(&self)
    }

    // MARK: Keys

    private mutating func key(_ name: String, called comment: String) throws(Refusal) -> Ed25519Key {
        let file = OwnFile(name)
        let publicFile = OwnFile("\(name).pub")
        // Before anything changes.
        let present = try file.status()
        let old = try publicFile.status() == nil ? nil : publicKey(in: publicFile)
        if present == nil || rotates {
            let new = try generate(comment)
            defer { new.remove() }
            if present != nil { try moveAside(file, publicFile) }
            try new.rename(to: file)
            changes.append("made \(file.shown)")
        } else if let present, present.permissions != .ownerReadWrite {
            try file.close()
            changes.append("\(file.shown) was open to others, or closed to its owner; it is 0600 now")
        }
        let answer = try Run.output([KeyProgram.keygen.path, "-y", "-P", "", "-f", name], home: order.home)
        let line = String(decoding: answer.output.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let words = line.split(separator: " ").prefix(2).joined(separator: " ")
        guard answer.exit == .exited(0), let key = try? Ed25519Key("\(words) \(comment)") else {
            throw Refusal(
                "\(file.shown) in the VM is no private key of dvm’s: it is damaged, of another kind or has a passphrase",
                hint: "`dvm ssh-key --rotate` moves it aside and makes new keys"
            )
        }
        // The old one stays until now: a run that was cut off in between is told of the next time.
        if let old, old.base64 != key.base64 { replaced.append(old) }
        try publicFile.write(Array("\(key.line)\n".utf8), mode: Self.publicMode)
        return key
    }

    private static let publicMode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]

    private func publicKey(in file: OwnFile) -> Ed25519Key? {
        guard let bytes = try? file.bytes() else { return nil }
        return try? Ed25519Key(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// Makes a private key under a name that nothing has.
    private func generate(_ comment: String) throws(Refusal) -> OwnFile {
        let new = OwnFile.unused()
        defer { OwnFile("\(new.name).pub").remove() }
        let words = [KeyProgram.keygen.path, "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", new.name]
        guard try Run.output(words, home: order.home).exit == .exited(0) else {
            new.remove()
            throw Refusal("ssh-keygen failed in the VM", hint: "is the VM's disk full? `dvm sh` and `df -h ~` show it")
        }
        try new.close()
        return new
    }

    /// Gives a private key another name, and keeps a copy of its public key beside it.
    private mutating func moveAside(_ file: OwnFile, _ publicFile: OwnFile) throws(Refusal) {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        let date = SessionID(seconds: max(0, now.tv_sec), salt: UInt16.random(in: 0 ... .max)).text
        try file.close()
        if let bytes = try? publicFile.bytes() {
            try OwnFile("\(publicFile.name).old-\(date)").write(bytes, mode: Self.publicMode)
        }
        moved.append("\(file.name).old-\(date)")
        try file.rename(to: OwnFile("\(file.name).old-\(date)"))
        changes.append("moved the old \(file.shown) to \(file.name).old-\(date)")
    }
}
