internal import ArgumentParser
internal import DVMProtocol

struct SSHKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh-key",
        abstract: "Make and show the SSH keys of a VM",
        discussion: """
            Makes two keys in the VM, where they stay: one for access to repositories, one for signing commits. Has \
            ssh in the VM use the first and git sign with the second, and shows both public keys with where to register \
            them. Run again, it shows the same keys.

            Examples:
              dvm ssh-key app
              dvm ssh-key app --copy                   the access key is on the clipboard, too
              dvm ssh-key app --host git.example.org
              dvm ssh-key app --rotate                 new keys; the old ones are moved aside
            """
    )

    /// Which key goes to the clipboard.
    enum Copied: EnumerableFlag {
        case copy, copySigning

        static func help(for value: Self) -> ArgumentHelp? {
            switch value {
            case .copy: "Put the public access key on the clipboard of this computer"
            case .copySigning: "Put the public signing key there instead"
            }
        }
    }

    @OptionGroup var target: VMArgument

    @Option(help: ArgumentHelp("Use the access key for this server, too (can be repeated)", valueName: "server"))
    var host: [String] = []

    @Flag(help: "Make new keys; the old ones are kept in the VM under other names")
    var rotate = false

    @Flag(exclusivity: .exclusive)
    var copied: Copied?

    @Flag(help: "Print JSON")
    var json = false

    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let request = SSHKeyRequest(hosts: host, rotates: rotate)
        try UsageRefusal.from { () throws(Refusal) in try request.check() }
        let session = try talk.session()
        // Before a VM is started, and before keys change.
        let clipboard = try copied.map { _ throws(Refusal) in try Clipboard.find(session.environment) }
        if dry.isOn(session) { return try tell(vm, session) }
        let guest = try await session.connection(to: vm, for: "ssh-key")
        let keys = try guest.perform(.sshKeys(request), as: SSHKeys.self, output: { session.display.output($0) })
        try keys.check()
        try Output.print(json ? try JSON.text(keys) : keys.text)
        guard let clipboard, let copied else { return }
        let key = copied == .copy ? keys.access : keys.signing
        try await session.put(key.line + "\n", on: clipboard)
        session.display.note("the \(copied == .copy ? "access" : "signing") key is on the clipboard")
    }

    private func tell(_ vm: MachineName, _ session: Session) throws {
        let keys =
            rotate ? "make new SSH keys in it, and keep the old ones aside" : "make SSH keys in it where it has none"
        let servers = host.isEmpty ? "" : ", use the access key for \(host.joined(separator: " and ")), too"
        let clipboard = copied.map { ", put the \($0 == .copy ? "access" : "signing") key on the clipboard" } ?? ""
        try session.tell(
            "`dvm ssh-key \(vm)` would \(vm.starting), \(keys)\(servers), and show them\(clipboard)",
            of: vm
        )
    }
}

struct GPGKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gpg-key",
        abstract: "Make and show the GPG key of a VM",
        discussion: """
            Makes a key in the VM that signs and does nothing else, without a passphrase and good for a year, and shows \
            it. Run again, it shows the same key; in its last 30 days, and after them, it makes it good for another \
            year. `dvm doctor <vm>` warns before.

            Examples:
              dvm gpg-key app
              dvm gpg-key app --copy
              dvm gpg-key app --json | jq -r .armored
            """
    )

    @OptionGroup var target: VMArgument

    @Flag(help: "Put the public key on the clipboard of this computer")
    var copy = false

    @Flag(help: "Print JSON")
    var json = false

    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        let clipboard = copy ? try Clipboard.find(session.environment) : nil
        if dry.isOn(session) {
            return try session.tell(
                "`dvm gpg-key \(vm)` would \(vm.starting), make a GPG key in it where it has none, have one that is about to "
                    + "expire last another year, and show it\(copy ? ", also on the clipboard" : "")",
                of: vm
            )
        }
        let guest = try await session.connection(to: vm, for: "gpg-key")
        let key = try guest.perform(.gpgKey, as: GPGKey.self, output: { session.display.output($0) })
        try key.check()
        try Output.print(json ? try JSON.text(key) : key.text)
        guard let clipboard else { return }
        try await session.put(key.armored, on: clipboard)
        session.display.note("the key is on the clipboard")
    }
}

extension Session {
    /// Puts a public key on the clipboard, one that was proved to be nothing else.
    fileprivate func put(_ key: String, on clipboard: Clipboard) async throws {
        try await clipboard.write(key, environment: environment.forPrograms(without: withheld))
    }
}
