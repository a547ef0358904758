internal import DVMProtocol
internal import Glibc

/// Makes the SSH keys of a user, and has ssh and git use them.
///
/// Everything is written whole or not at all, and can be done again at any time. What is there and is no key is never
/// written over.
struct SSHKeyMaker {
    private let order: KeyOrder
    private let request: SSHKeyRequest
    private var changes: [String] = []
    private var replaced: [Ed25519Key] = []

    private var directory: FilePath { FilePath(order.home).appending(".ssh") }
    private static let keygen = "/usr/bin/ssh-keygen"

    init(_ order: KeyOrder, _ request: SSHKeyRequest) {
        self.order = order
        self.request = request
    }

    /// - Throws: a `Refusal` when a program is missing, or something is in the way that dvm does not touch.
    consuming func run() throws(Refusal) -> SSHKeys {
        var maker = self
        return try maker.make()
    }

    private mutating func make() throws(Refusal) -> SSHKeys {
        guard Status.of(FilePath(Self.keygen)) != nil else {
            throw Refusal(
                "ssh-keygen is not installed in the VM",
                hint:
                    "have a recipe or a setup script install openssh-client (openssh-clients on Fedora), and run `dvm sync`"
            )
        }
        try OwnFile.closedDirectory(directory)
        // Two at a time would make two keys, and show one that is gone.
        guard let lock = try FileLock.take(directory.appending(".dvm-lock")) else {
            throw Refusal("another dvm makes keys in this VM", hint: "run the same command again")
        }
        defer { withExtendedLifetime(lock) {} }
        let access = try key("id_ed25519_dvm", called: "\(order.host)-dvm-git-access")
        let signing = try key("id_ed25519_dvm_signing", called: "\(order.host)-dvm-git-signing")
        let hosts = try configure()
        try setUpGit(signing)
        return SSHKeys(access: access, signing: signing, hosts: hosts, changes: changes, replaced: replaced)
    }

    // MARK: Keys

    private mutating func key(_ name: String, called comment: String) throws(Refusal) -> Ed25519Key {
        let path = directory.appending(name)
        let publicPath = directory.appending("\(name).pub")
        if request.rotates { try moveAside(path, publicPath) }
        if let status = try OwnFile.check(path) {
            if status.permissions != .ownerReadWrite {
                try OwnFile.close(path)
                changes.append("\(path) was open to others, or closed to its owner; it is 0600 now")
            }
        } else {
            try generate(path, comment)
        }
        let answer = try Run.output([Self.keygen, "-y", "-P", "", "-f", path.string], home: order.home)
        let line = String(decoding: answer.output.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let words = line.split(separator: " ").prefix(2).joined(separator: " ")
        guard answer.exit == .exited(0), let key = try? Ed25519Key("\(words) \(comment)") else {
            throw Refusal(
                "\(path) in the VM is no private key of dvm’s: it is damaged, of another kind or has a passphrase",
                hint: "`dvm ssh-key --rotate` moves it aside and makes a new one"
            )
        }
        try OwnFile.write(key.line + "\n", to: publicPath, mode: [.ownerReadWrite, .groupRead, .otherRead])
        return key
    }

    private mutating func generate(_ path: FilePath, _ comment: String) throws(Refusal) {
        let new = OwnFile.unused(path)
        let newPublic = FilePath("\(new).pub")
        defer { for path in [new, newPublic] { Removal.file(path) } }
        let words = [Self.keygen, "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", new.string]
        guard try Run.output(words, home: order.home).exit == .exited(0) else {
            throw Refusal("ssh-keygen failed in the VM", hint: "is the VM's disk full? `dvm sh` and `df -h ~` show it")
        }
        try OwnFile.close(new)
        try Status.rename(new, to: path)
        changes.append("made \(path)")
    }

    private mutating func moveAside(_ path: FilePath, _ publicPath: FilePath) throws(Refusal) {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        let date = SessionID(seconds: max(0, now.tv_sec), salt: UInt16.random(in: 0 ... .max)).text
        if try OwnFile.check(publicPath) != nil, let text = try? TextFile.read(publicPath),
            let old = try? Ed25519Key(text.split(separator: "\n").first.map(String.init) ?? "")
        {
            replaced.append(old)
        }
        for one in [path, publicPath] where try Status.exists(one) {
            try Status.rename(one, to: FilePath("\(one).old-\(date)"))
        }
        changes.append("moved the old \(path) to \(path.lastComponent?.string ?? "").old-\(date)")
    }

    // MARK: ssh

    /// Has ssh use the access key, by a file of dvm's own that the user's includes.
    private mutating func configure() throws(Refusal) -> [String] {
        let own = directory.appending("dvm_config")
        var hosts = SSHKeyRequest.usual
        if try OwnFile.check(own) != nil {
            let line = try TextFile.read(own).split(separator: "\n").first { $0.hasPrefix("Host ") } ?? ""
            hosts += line.split(separator: " ").dropFirst().map(String.init).filter(SSHKeyRequest.isHost)
        }
        for host in request.hosts { hosts.append(host) }
        var seen: Set<String> = []
        hosts = hosts.filter { seen.insert($0).inserted }
        let pinned = KnownForges.keys.map(\.host)
        let text = """
            # Written by `dvm ssh-key`, which writes it anew; put your own settings into config.
            Host \(hosts.joined(separator: " "))
                User git
                IdentityFile ~/.ssh/id_ed25519_dvm
                IdentitiesOnly yes
                AddKeysToAgent no
                UserKnownHostsFile ~/.ssh/known_hosts ~/.ssh/dvm_known_hosts
            Host \(pinned.joined(separator: " "))
                StrictHostKeyChecking yes
            Host *

            """
        try OwnFile.write(KnownForges.text, to: directory.appending("dvm_known_hosts"), mode: .ownerReadWrite)
        if try OwnFile.write(text, to: own, mode: .ownerReadWrite) {
            changes.append("ssh uses the access key for \(hosts.joined(separator: ", "))")
        }
        let config = directory.appending("config")
        let include = "Include ~/.ssh/dvm_config"
        let present = try OwnFile.check(config) == nil ? "" : try TextFile.read(config)
        if !present.split(separator: "\n").contains(where: { $0 == include }) {
            // First, where it is in no block of another host's.
            try OwnFile.write("\(include)\n\(present)", to: config, mode: .ownerReadWrite)
            changes.append("added “\(include)” to \(config)")
        }
        return hosts
    }

    // MARK: git

    private mutating func setUpGit(_ key: Ed25519Key) throws(Refusal) {
        let signers = directory.appending("dvm_allowed_signers")
        let line = "* namespaces=\"git\" ssh-ed25519 \(key.base64)\n"
        // What older keys signed stays verified.
        let present = try OwnFile.check(signers) == nil ? "" : try TextFile.read(signers)
        if !present.contains(line) { try OwnFile.write(present + line, to: signers, mode: .ownerReadWrite) }
        guard LoneGit.isInstalled else {
            changes.append("git is not installed in the VM: run this again when it is, to have it sign commits")
            return
        }
        let settings = [
            ("gpg.format", "ssh"), ("user.signingKey", "\(directory)/id_ed25519_dvm_signing.pub"),
            ("gpg.ssh.allowedSignersFile", "\(signers)"), ("commit.gpgSign", "true"), ("tag.gpgSign", "true"),
        ]
        for (key, value) in settings {
            let git = [LoneGit.program, "config", "--global"]
            let present = try Run.output(git + ["--get", key], home: order.home)
            let old = String(decoding: present.output, as: UTF8.self).split(separator: "\n").last.map(String.init)
            guard old != value else { continue }
            guard try Run.output(git + ["--replace-all", key, value], home: order.home).exit == .exited(0) else {
                throw Refusal("git in the VM cannot be told to sign", hint: "look at ~/.gitconfig with `dvm sh`")
            }
            changes.append("set \(key) of git to \(value)" + (old.map { ", which was \($0)" } ?? ""))
        }
    }
}
