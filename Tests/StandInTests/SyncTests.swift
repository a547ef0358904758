import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `A sync` {
    let stage: SyncStage

    init() throws {
        stage = try SyncStage("use node\nuse claude\n")
        try stage.recipe("node", nil, "summary: a runtime", "vars: DVM_NODE_VERSION")
        try stage.recipe("claude", nil, "needs: node", "tools: claude")
    }

    /// dvm-behaviour.md §21: 6, 7, 48.
    @Test func `makes a VM, sets it up and runs its units in order`() async throws {
        let report = try await stage.sync()

        #expect(report.ran == ["node", "claude"])
        #expect(report.skipped == 0)
        #expect(!report.changedNothing)
        #expect(stage.said() == ["node", "claude"])
        #expect(stage.asked() == ["provision", "unit node", "unit claude", "settle"])
        #expect(
            stage.fixture.changes == [
                "create --tty=false --name dvm-app \(stage.fixture.root)/state/dvm/app/lima.yaml",
                "start --tty=false dvm-app",
            ]
        )
        #expect(
            await stage.shown() == [
                "• creating app", "✓ creating app", "• starting app", "✓ starting app", "• guest program",
                "✓ guest program", "• accounts and code directory", "✓ accounts and code directory", "• node", "✓ node",
                "• claude", "✓ claude", "• finishing", "✓ finishing",
            ]
        )
    }

    @Test func `does nothing a second time, and says so`() async throws {
        _ = try await stage.sync()
        let before = stage.asked().count
        let changes = stage.fixture.changes
        let report = try await stage.sync()

        #expect(report.changedNothing)
        #expect(report.summary == "nothing had to be done, 2 recipes unchanged")
        // All of it in one task, each of which is a process in the VM.
        #expect(stage.asked()[before...] == ["provision"])
        #expect(stage.fixture.changes == changes)
        #expect(SyncJobs.text(report, stage.app) == "✓ app is ready: nothing had to be done, 2 recipes unchanged\n")
        // And over the one link that was opened while files were read.
        #expect(stage.lines("calls").filter { $0.hasPrefix("shell ") }.count == 2)
    }

    @Test func `asks a guest that says no more of itself than that`() async throws {
        try stage.fixture.write("vm/dvm-app/earlier", "")
        _ = try await stage.sync()
        #expect(try await stage.sync().changedNothing)
        let each = ["provision", "remoteLogin", "unitRecords"]
        #expect(stage.asked() == each + ["unit node", "unit claude", "settle"] + each + ["settle"])
    }

    @Test func `does what comes last again when units ran against expectation`() async throws {
        _ = try await stage.sync()
        let before = stage.asked().count
        // The VM has forgotten what this computer remembers.
        try stage.fixture.write("vm/dvm-app/records", "[]")
        #expect(try await stage.sync().ran == ["node", "claude"])
        #expect(stage.asked()[before...] == ["provision", "unit node", "unit claude", "settle"])
    }

    @Test func `reaches a VM anew that had to be started`() async throws {
        _ = try await stage.sync()
        let stopped = try #require(stage.fixture.read("list.json")).replacing("Running", with: "Stopped")
        try stage.fixture.write("list.json", stopped)
        let report = try await stage.sync()
        #expect(report.wasTouched && report.ran == [])
        #expect(stage.lines("calls").filter { $0.hasPrefix("shell ") }.count == 3)
    }

    @Test func `runs again what has changed, and what needs that`() async throws {
        _ = try await stage.sync()
        try stage.fixture.write("config/vms/app.sh", "use node\nuse claude\nDVM_NODE_VERSION=24\n")
        #expect(try await stage.sync().ran == ["node", "claude"])
        try stage.recipe("claude", "said other", "needs: node", "tools: claude")
        #expect(try await stage.sync().ran == ["claude"])
        #expect(stage.said() == ["node", "claude", "node", "claude", "other"])
        let shown = await stage.shown()
        #expect(shown.contains("✓ node (DVM_NODE_VERSION changed)"))
        #expect(shown.contains("✓ claude (its text changed)"))
    }

    @Test func `runs what is asked for`() async throws {
        _ = try await stage.sync()
        #expect(try await stage.sync(UnitRequest(isForced: true)).ran == ["node", "claude"])
        #expect(try await stage.sync(UnitRequest(isForced: true, only: ["node"])).ran == ["node"])
        #expect(try await stage.sync(UnitRequest(only: ["node"])).ran == [])
        #expect(try await stage.sync(UnitRequest(isUpdate: true)).ran == ["node", "claude"])
        #expect(stage.lines("vm/dvm-app/units").last?.contains(#""DVM_UPDATE": "1""#) == true)
        // And is not changed by any of that.
        #expect(try await stage.sync().changedNothing)
    }

    @Test func `refuses to run what there is not, before anything is asked`() async throws {
        #expect(
            try await stage.refusal(UnitRequest(only: ["nod"]))
                == Refusal("app has no recipe “nod”", hint: "did you mean node?")
        )
        #expect(stage.fixture.read("calls") == nil)
    }

    @Test func `refuses a recipe without what it cannot do without, before a VM is made for it`() async throws {
        let header = "vars: DVM_NODE_VERSION DVM_NODE_MIRROR!"
        try stage.recipe("node", nil, header)
        let lack = Refusal(
            "the recipe node needs DVM_NODE_MIRROR, which is not set",
            hint: "set it in the configuration; `dvm recipes node` shows what the recipe is about"
        )
        #expect(try await stage.refusal() == lack)
        #expect(stage.fixture.changes == [])
        #expect(stage.asked() == [])

        _ = try await stage.sync(UnitRequest(), ["DVM_NODE_MIRROR": "https://mirror"])
        // It ran with another value: without one it would have to run again.
        #expect(try await stage.refusal() == lack)
        #expect(try await stage.sync(UnitRequest(), ["DVM_NODE_MIRROR": "https://mirror"]).changedNothing)
    }

    @Test func `says before a VM is made what its distribution may ask for, and not again`() async throws {
        try stage.recipe("node", nil, "vars: DVM_NODE_VERSION DVM_NODE_SHA256?")
        _ = try await stage.sync()
        _ = try await stage.sync(UnitRequest(isForced: true))
        let lines = await stage.shown()
        let note = "• node may need DVM_NODE_SHA256, which is not set"
        #expect(lines.filter { $0 == note }.count == 1)
        let made = try #require(lines.firstIndex { $0.contains("making app") || $0.contains("creating") })
        #expect(try #require(lines.firstIndex(of: note)) < made)
    }

    /// A recipe's text that is wrong, and the end of what is said.
    @Test(
        arguments: [
            ("# dvm: need: claude", "node.sh:1: “need” is not a key of a recipe's header"),
            ("# dvm: needs: claude", "these recipes need each other: node → claude → node"),
            ("# dvm: needs: nothing", "the recipe node needs “nothing”, which there is not"),
            ("# dvm: conflicts: claude", "the recipes node and claude cannot be used together"),
        ]
    )
    func `refuses recipes that are wrong before anything is asked, and goes on when they are not`(
        text: String,
        message: String
    ) async throws {
        try stage.recipe("node", "\(text)\n# dvm: vars: DVM_NODE_VERSION\n")
        let refusal = try await stage.refusal()
        #expect(refusal?.message.contains(message) == true, "\(String(describing: refusal))")
        #expect(refusal?.hint != nil)
        #expect(stage.fixture.read("calls") == nil)
        try stage.recipe("node", nil, "vars: DVM_NODE_VERSION")
        #expect(try await stage.sync().ran == ["node", "claude"])
    }

    /// dvm-behaviour.md §22 #7: one script for everything, in which a reader or an `exit` swallowed the rest.
    @Test(
        arguments: [
            "cat; said node", "said node; exit 0", "said node; exec true", "trap 'said trap' EXIT; said node",
            "read -r line || said node", "said node; set -e; cd /; alias said=:",
        ]
    )
    func `keeps a unit from swallowing the next`(text: String) async throws {
        try stage.recipe("node", text, "vars: DVM_NODE_VERSION")
        #expect(try await stage.sync().ran == ["node", "claude"])
        #expect(stage.said().first == "node")
        #expect(stage.said().last == "claude")
    }

    @Test func `takes no unit for done that had its shell killed`() async throws {
        try stage.recipe("node", "said node; kill -KILL $$", "vars: DVM_NODE_VERSION")
        #expect(try await stage.refusal() != nil)
        #expect(stage.said() == ["node"])
    }

    /// dvm-behaviour.md §22 #2, #3 and #4: statuses that were lost, on a terminal or without one.
    @Test(
        arguments: [
            ("exit 3", nil), ("false", 80), ("[ -e /nowhere ] && true", nil), ("set -e; false; said later", 80),
        ] as [(String, Int?)]
    )
    func `stops at a unit that fails, and goes on from there`(text: String, width: Int?) async throws {
        try stage.recipe("node", "said node; echo first; echo last; \(text)", "vars: DVM_NODE_VERSION")
        let refusal = await #expect(throws: Refusal.self) {
            try await stage.sync(style: .init(width: width))
        }
        let status = text == "exit 3" ? 3 : 1
        #expect(refusal?.message == "app says: node failed with status \(status)\nfirst\nlast")
        let log = "\(stage.fixture.root)/state/dvm/app/node.log"
        #expect(refusal?.hint == "the whole output is in \(log); `dvm sync app` goes on where this stopped")
        #expect(stage.said() == ["node"])
        #expect(stage.asked().last == "unit node")
        #expect(stage.fixture.read("state/dvm/app/node.log") == "first\nlast\n")
        #expect(try stage.fixture.mode("state/dvm/app/node.log") == 0o600)

        try stage.recipe("node", "said better", "vars: DVM_NODE_VERSION")
        #expect(try await stage.sync().ran == ["node", "claude"])
        #expect(try await stage.sync().changedNothing)
        #expect(stage.fixture.read("state/dvm/app/node.log") == "")
    }

    @Test func `goes on after the units that succeeded`() async throws {
        try stage.recipe("claude", "exit 1", "needs: node")
        #expect(try await stage.refusal() != nil)
        try stage.recipe("claude", nil, "needs: node")
        #expect(try await stage.sync().ran == ["claude"])
        #expect(stage.said() == ["node", "claude"])
    }

    @Test func `shows nothing that a terminal would act on`() async throws {
        let evil = #"printf '\033[2J\033]52;c;ZXZpbA==\007a\rb\302\233c\342\200\256d\n'; exit 1"#
        try stage.recipe("node", evil, "vars: DVM_NODE_VERSION")
        let refusal = try await stage.refusal()
        #expect(refusal?.message.hasSuffix(#"\#na"# + "\n" + #"b\u{9b}c\u{202e}d"#) == true)
        for line in await stage.shown() {
            #expect(line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        }
        // Whoever wants it as it was has it.
        #expect(stage.fixture.read("state/dvm/app/node.log")?.contains("\u{1B}[2J") == true)
    }

    @Test func `is not filled up by a unit that prints without end`() async throws {
        try stage.recipe("node", "head -c 60000000 /dev/zero | tr '\\0' 'x'; echo; echo done", "vars: DVM_NODE_VERSION")
        #expect(try await stage.sync().ran == ["node", "claude"])
        let size = try FileStatus(ofLink: FilePath("\(stage.fixture.root)/state/dvm/app/node.log")).size
        #expect(size <= Log.largest + Frame.largestData)
        #expect(size > 1 << 20)
    }

    @Test func `says what was lost when the VM goes away, and completes the next time`() async throws {
        try stage.fixture.write("vm/dvm-app/dies-in-claude", "")
        try stage.recipe("claude", "said begun; sleep 30", "needs: node")
        let refusal = try await stage.refusal()
        #expect(refusal?.message == "the link to app was lost: what it was doing was stopped in the middle")
        #expect(refusal?.hint?.hasPrefix("run the same command again; ") == true)
        try stage.recipe("claude", nil, "needs: node")
        #expect(try await stage.sync().ran == ["claude"])
        #expect(stage.said().last == "claude")
    }

    @Test func `waits for another one, and finds nothing left to do`() async throws {
        try stage.recipe("node", "sleep 0.5; said node", "vars: DVM_NODE_VERSION")
        async let first = stage.sync()
        async let second = stage.sync()
        let ran = try await [first.ran, second.ran]
        #expect(ran.contains(["node", "claude"]))
        #expect(ran.contains([]))
        #expect(stage.said() == ["node", "claude"])
        #expect(await stage.shown().contains { $0.contains("• waiting for ") })
    }

    @Test func `is what the configuration says when its turn comes`() async throws {
        try stage.recipe("node", "sleep 0.5; said node", "vars: DVM_NODE_VERSION")
        async let first = stage.sync()
        while stage.asked().isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        // In the middle of the first one, which goes on as it began.
        try stage.fixture.write("config/vms/app.sh", "use node\n")
        async let second = stage.sync()
        #expect(try await first.ran == ["node", "claude"])
        #expect(try await second.skipped == 1)
    }

    @Test func `refuses a unit that is too large before it is sent`() async throws {
        try stage.recipe("node", String(repeating: "# words\n", count: 32_000), "vars: DVM_NODE_VERSION")
        #expect(try await stage.refusal()?.message.hasPrefix("“node” is too large") == true)
        #expect(!stage.asked().contains("unit node"))
    }

    @Test func `says what cannot be changed in an existing VM`() async throws {
        _ = try await stage.sync()
        try stage.fixture.write("config/vms/app.sh", "DVM_TEMPLATE=debian-12\nDVM_VM_TYPE=vz\nuse node\n")
        _ = try await stage.sync()
        let notes = await stage.shown().filter { $0.contains("counts only for a new VM") }
        #expect(notes.count == 2)
        #expect(notes.first?.hasPrefix("• app was made with DVM_TEMPLATE=template:_images/fedora; ") == true)
        #expect(notes.last?.hasPrefix("• app was made with DVM_VM_TYPE=qemu; vz (") == true)
    }

    @Test func `remembers nothing of a VM that is gone`() async throws {
        _ = try await stage.sync()
        try stage.fixture.write("list.json", "")
        try stage.fixture.remove("vm/dvm-app")
        #expect(try await stage.sync().ran == ["node", "claude"])
        let reasons = await stage.shown().filter { $0.hasPrefix("✓ node") }
        #expect(reasons == ["✓ node", "✓ node"])
    }

    @Test func `runs a person's script as root after the recipes`() async throws {
        try stage.fixture.remove("config/vms/app.sh")
        try stage.fixture.write("config/vms/app/config.sh", "use node\n")
        try stage.fixture.write("config/vms/app/setup.sh", "said setup\n")
        #expect(try await stage.sync().ran == ["node", "setup.sh"])
        #expect(try await stage.sync().changedNothing)
        #expect(stage.said() == ["node", "setup"])
        #expect(stage.fixture.exists("state/dvm/app/setup.sh.log"))
    }
}
