internal import ArgumentParser
internal import DVMProtocol

struct Clone: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clone",
        abstract: "Copy a VM with everything in it, under a new name",
        discussion: """
            The VM is stopped for it, and its configuration is copied. When the copy is started the first time, it gets \
            an identity of its own before anything else is done with it: machine id, SSH host keys and host name. The \
            private keys in DVM_USER's home, of SSH and of GnuPG, are removed from the copy, and those that dvm made \
            are made anew, unless you say --keep-keys. Services that recipes signed in somewhere, such as Tailscale, do not \
            run in the copy before `dvm sync` has signed them in anew. Sign-ins of AI tools are copied.

            Examples:
              dvm clone app experiment
              dvm clone app app-next --keep-keys
            """
    )

    @OptionGroup var target: VMArgument

    @Argument(help: "Name of the new VM")
    var new: String

    @Flag(name: .customLong("keep-keys"), help: "Leave the private keys of DVM_USER in the copy")
    var keepKeys = false

    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let copy = try UsageRefusal.from { () throws(Refusal) in try MachineName(new) }
        guard vm != copy else {
            throw UsageRefusal(refusal: Refusal("a VM cannot be copied to itself", hint: "choose another name"))
        }
        let session = try talk.session()
        let keepKeys = keepKeys
        if dry.isOn(session) {
            let keys = keepKeys ? ", but for its keys," : ""
            return try session.tell(
                "`dvm clone \(vm) \(copy)` would stop \(vm.instance) where it runs, copy it and its configuration, and "
                    + "give the copy an identity of its own\(keys) when it is started",
                of: vm
            )
        }
        // In the order of their names: two that copy to and fro must not wait for each other.
        let order = [vm, copy].sorted()
        do {
            try await Interruption.guarding { _ in
                try await session.holding(order[0], for: "clone") { session in
                    try await session.holding(order[1], for: "clone") { session in
                        let limactl = try await session.limactl()
                        let cloning = Cloning(source: vm, copy: copy, limactl: limactl, session: session)
                        try await cloning.run(keepsKeys: keepKeys)
                    }
                }
            }
        } catch var interrupted as Interrupted {
            interrupted.note = "interrupted; `dvm ls` shows whether there is anything of \(copy)"
            throw interrupted
        }
        Output.say("✓ \(copy) is a copy of \(vm); `dvm sync \(copy)` starts it\n")
    }
}
