import ArgumentParser
import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Several VMs` {
    let stage: SyncStage

    init() throws {
        stage = try SyncStage("use node\nDVM_NODE_VERSION=22\n")
        try stage.recipe("node", #"said "${DVM_NODE_VERSION-none}""#, "vars: DVM_NODE_VERSION")
        try stage.fixture.write("config/vms/web.sh", "use node\n")
    }

    /// dvm-behaviour.md §21: 25.
    @Test func `become what their configuration says, and no variable of one is another's`() async throws {
        try await stage.all("app", "web")
        #expect(stage.said("app") == ["22"])
        #expect(stage.said("web") == ["none"])
        #expect(stage.fixture.changes.count { $0.hasPrefix("create") } == 2)
        let shown = await stage.shown()
        #expect(shown.allSatisfy { $0.hasPrefix("app | ") || $0.hasPrefix("web | ") })
        for vm in ["app", "web"] {
            #expect(shown.filter { $0.hasPrefix(vm) }.last?.hasPrefix("\(vm) | ✓ ready: ran node") == true)
            #expect(shown.contains("\(vm) | ✓ creating"))
        }
    }

    /// dvm-behaviour.md §21: 28; §22 #2: a failure that was printed, and forgotten.
    @Test(arguments: [1, 4])
    func `are not kept by one that fails, which is named`(jobs: Int) async throws {
        try stage.fixture.write("config/vms/bad.sh", "use nosuch\n")
        try stage.fixture.write("config/vms/sad.sh", "use sad\n")
        try stage.recipe("sad", "echo why; exit 4")
        let refusal = await #expect(throws: Refusal.self) {
            try await stage.all("app", "bad", "sad", "web", jobs: jobs)
        }
        #expect(
            refusal
                == Refusal("2 of 4 VMs failed: bad, sad", hint: "`dvm sync bad sad` goes on with them")
        )
        #expect(stage.said("app") == ["22"])
        #expect(stage.said("web") == ["none"])
        let shown = await stage.shown()
        #expect(shown.contains { $0.hasPrefix("bad | ✗ ") })
        #expect(shown.contains("sad | ✗ sad says: sad failed with status 4"))
        #expect(shown.contains("sad |   why"))

        try stage.recipe("sad")
        try stage.fixture.write("config/vms/bad.sh", "use node\n")
        try await stage.all("app", "bad", "sad", "web", jobs: jobs)
        #expect(stage.said("sad") == ["sad"])
        #expect(stage.said("app") == ["22"])
    }

    @Test func `are worked on at once, as many as was said`() async throws {
        let clock = "\(stage.fixture.root)/clock"
        // Each says when it begins and when it ends; how many are between is how many run at once. None ends before a
        // second one has begun.
        let meeting = "until [ \"$(grep -c + \(clock))\" -ge 2 ]; do sleep 0.05; done; sleep 0.2"
        try stage.recipe("node", "echo + >>\(clock); \(meeting); echo - >>\(clock)", "vars: DVM_NODE_VERSION")
        for name in ["one", "two"] { try stage.fixture.write("config/vms/\(name).sh", "use node\n") }
        try await stage.all("app", "web", "one", "two", jobs: 2)
        var now = 0
        var most = 0
        for line in stage.lines("clock") {
            now += line == "+" ? 1 : -1
            most = max(most, now)
        }
        #expect(most == 2)
        #expect(stage.lines("clock").count == 8)
    }

    @Test func `are told of in lines of JSON`() async throws {
        try stage.fixture.write("config/vms/sad.sh", "use nosuch\n")
        await #expect(throws: Failed.self) { try await stage.all("app", "sad", style: .init(isJSON: true)) }
        struct Line: Decodable {
            var event: String
            var vm: String
            var ran: [String]?
        }
        let text = await stage.shown().joined()
        // One value after another: the display writes each by itself.
        let lines = try text.replacing("}{", with: "}\n{").split(separator: "\n").map {
            try JSON.decode(Line.self, from: Array($0.utf8))
        }
        #expect(lines.last { $0.vm == "app" }?.event == "ready")
        #expect(lines.last { $0.vm == "app" }?.ran == ["node"])
        #expect(lines.filter { $0.vm == "sad" }.map(\.event) == ["refused"])
    }
}

@Suite struct `The VMs a command is about` {
    private func options(_ words: String...) throws -> SyncOptions { try SyncOptions.parse(words) }

    private func session(_ fixture: HostFixture) throws -> Session { try Session(HostEnvironment(fixture.environment)) }

    @Test func `are those that are named, each once, or all`() throws {
        let fixture = try HostFixture()
        for name in ["app", "web"] { try fixture.write("config/vms/\(name).sh", "") }
        let names = { (options: SyncOptions) in try options.names(session(fixture), for: "sync").map(\.text) }
        #expect(try names(options("app")) == ["app"])
        #expect(try names(options("web", "dvm-app", "web")) == ["web", "app"])
        #expect(try names(options("--all")) == ["app", "web"])
        #expect(try options("--all", "-j", "7").jobs == 7)
    }

    @Test(
        arguments: [
            ([], "`dvm sync` needs the name of a VM"), (["--all", "app"], "VMs are named beside --all"),
            (["App"], "“App” cannot name a VM: it does not start with a lowercase letter"),
            (["--all", "-j", "0"], "0 VMs at once"), (["--all", "-j", "33"], "33 VMs at once"),
        ] as [([String], String)]
    )
    func `must be clear`(words: [String], message: String) throws {
        let fixture = try HostFixture()
        let refusal = #expect(throws: UsageRefusal.self) {
            try SyncOptions.parse(words).names(session(fixture), for: "sync")
        }
        #expect(refusal?.refusal.message == message)
    }

    @Test func `are none where there is no configuration`() throws {
        let fixture = try HostFixture()
        #expect(
            throws: Refusal(
                "there is no VM in \(fixture.root)/config/vms",
                hint: "`dvm init app` writes the configuration of one"
            )
        ) { try options("--all").names(session(fixture), for: "sync") }
    }
}
