internal import ArgumentParser
internal import DVMProtocol

struct SnapshotCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Keep the state of a VM's disk, and go back to it",
        discussion: """
            A snapshot is in the VM's own disk and goes with the VM: it is no backup. Only VMs of the kind qemu have \
            them, and only while they are stopped.

            Examples:
              dvm snapshot create app before-upgrade
              dvm snapshot list app
              dvm snapshot restore app before-upgrade --yes
              dvm snapshot rm app before-upgrade --yes
            """,
        subcommands: [Create.self, List.self, Restore.self, Remove.self]
    )

    /// Which snapshot of which VM.
    struct Target: ParsableArguments {
        @OptionGroup var target: VMArgument

        @Argument(help: "Name of the snapshot")
        var name: String

        @OptionGroup var dry: DryRunOption
        @OptionGroup var talk: TalkOptions

        /// Does something with it under the VM's lock, or only tells.
        func run(
            _ verb: String,
            _ told: (SnapshotName) -> String,
            _ body: @escaping @Sendable (Snapshots, SnapshotName) async throws -> Void
        ) async throws {
            let vm = try target.name()
            let name = try UsageRefusal.from { () throws(Refusal) in try SnapshotName(self.name) }
            let session = try talk.session()
            if dry.isOn(session) {
                return try session.tell(
                    "`dvm snapshot \(verb) \(vm) \(name)` would \(told(name))".replacing("%", with: vm.instance),
                    of: vm
                )
            }
            do {
                try await Interruption.guarding { interruption in
                    try await session.holding(vm, for: "snapshot") { session in
                        let limactl = try await session.limactl()
                        let stop = interruption.reader
                        try await body(Snapshots(vm: vm, limactl: limactl, session: session, stop: stop), name)
                    }
                }
            } catch var interrupted as Interrupted {
                interrupted.note = "interrupted; `dvm ls` and `dvm snapshot list \(vm)` show what became of it"
                throw interrupted
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Keep the state of a VM's disk")

        @OptionGroup var target: Target

        func run() async throws {
            try await target.run("create") {
                "make the snapshot “\($0)” of %"
            } _: {
                try await $0.create($1)
            }
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a VM's disk back to a snapshot; what came after it is lost",
            discussion: """
                Refused, as `dvm rm` is, while there may be work in the VM that is nowhere else: it is started to be \
                asked. A snapshot of how it is now keeps that.

                Examples:
                  dvm snapshot restore app before-upgrade --yes
                  dvm snapshot restore app before-upgrade --yes --force   without asking it
                """
        )

        @OptionGroup var target: Target

        @Flag(help: "Say that you mean it")
        var yes = false

        @Flag(help: "Do it whatever the VM holds, without asking it")
        var force = false

        func run() async throws {
            try await target.run("restore") {
                "put % back to “\($0)”" + (force ? "" : ", unless it may hold work that is nowhere else")
            } _: { [yes, force] snapshots, name in
                guard yes else {
                    throw Refusal(
                        "everything in \(snapshots.vm) that came after the snapshot “\(name)” would be lost",
                        hint: "keep it with another snapshot, or say that you mean it with --yes"
                    )
                }
                try await snapshots.restore(name, force: force)
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm",
            abstract: "Remove a snapshot, with what only it holds",
            discussion: """
                Examples:
                  dvm snapshot rm app before-upgrade --yes
                """
        )

        @OptionGroup var target: Target

        @Flag(help: "Say that you mean it")
        var yes = false

        func run() async throws {
            try await target.run("rm") {
                "remove the snapshot “\($0)” of %"
            } _: { [yes] snapshots, name in
                guard yes else {
                    throw Refusal(
                        "`dvm snapshot rm \(snapshots.vm) \(name)` would remove the snapshot with what only it holds",
                        hint: "say that you mean it: `dvm snapshot rm \(snapshots.vm) \(name) --yes`"
                    )
                }
                try await snapshots.remove(name)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the snapshots of a VM",
            aliases: ["ls"]
        )

        @OptionGroup var target: VMArgument

        @Flag(help: "Print JSON")
        var json = false

        @OptionGroup var talk: TalkOptions

        func run() async throws {
            let vm = try target.name()
            let session = try talk.session()
            let found = try await Snapshots(vm: vm, limactl: try await session.limactl(), session: session).list()
            if json {
                try Output.print(try JSON.text(found))
            } else if found.isEmpty {
                Output.say("\(vm) has no snapshots; `dvm snapshot create \(vm) <name>` makes one\n")
            } else {
                let rows = found.map { [$0.name, $0.made ?? "-"] }
                try Output.print(Table(headings: ["NAME", "MADE"], rows: rows).draw())
            }
        }
    }
}
