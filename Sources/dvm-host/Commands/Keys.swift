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
              dvm ssh-key app --host git.example.org
              dvm ssh-key app --rotate                 new keys; the old ones are moved aside
            """
    )

    @OptionGroup var target: VMArgument

    @Option(help: ArgumentHelp("Use the access key for this server, too (can be repeated)", valueName: "server"))
    var host: [String] = []

    @Flag(help: "Make new keys; the old ones are kept in the VM under other names")
    var rotate = false

    @Flag(help: "Print JSON")
    var json = false

    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let request = SSHKeyRequest(hosts: host, rotates: rotate)
        try UsageRefusal.from { () throws(Refusal) in try request.check() }
        let session = try talk.session()
        let guest = try await session.connection(to: vm, for: "ssh-key")
        let keys = try guest.perform(.sshKeys(request), as: SSHKeys.self, output: { session.display.output($0) })
        try Output.print(json ? try JSON.text(keys) : keys.text)
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
              dvm gpg-key app --json | jq -r .armored
            """
    )

    @OptionGroup var target: VMArgument

    @Flag(help: "Print JSON")
    var json = false

    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        let guest = try await session.connection(to: vm, for: "gpg-key")
        let key = try guest.perform(.gpgKey, as: GPGKey.self, output: { session.display.output($0) })
        try key.check()
        try Output.print(json ? try JSON.text(key) : key.text)
    }
}
