import ArgumentParser
import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `dvm ai` {
    @Test func `looks the tool up and suggests the nearest`() throws {
        #expect(try Ai.tool(named: "claude").name == "claude")
        #expect(
            throws: UsageRefusal(
                refusal: Refusal("there is no AI tool called “claud”", hint: "did you mean claude?")
            )
        ) { try Ai.tool(named: "claud") }
        #expect(throws: UsageRefusal.self) { try Ai.tool(named: "../bin/sh") }
    }

    @Test func `hands on declared variables that are set, and those asked for`() throws {
        let tool = try Tool.named("codex")
        let environment = HostEnvironment([
            "OPENAI_API_KEY": "k", "CODEX_API_KEY": "", "ANTHROPIC_API_KEY": "other", "EXTRA": "e", "HOME": "/h",
        ])
        #expect(
            try Ai.environment(for: tool, asked: ["EXTRA"], from: environment)
                == ["OPENAI_API_KEY": "k", "CODEX_API_KEY": "", "EXTRA": "e"]
        )
    }

    @Test(arguments: ["MISSING", "1X", "A=B", ""])
    func `refuses a variable that is not set or cannot be one`(name: String) throws {
        let tool = try Tool.named("codex")
        #expect(throws: UsageRefusal.self) {
            try Ai.environment(for: tool, asked: [name], from: HostEnvironment(["A": "1"]))
        }
    }

    @Test func `takes the only VM, and asks which when there are more`() throws {
        let app = try MachineName("app")
        let web = try MachineName("web")
        #expect(try Ai.target(nil, among: [app]) == app)
        #expect(try Ai.target("web", among: [app]) == web)
        #expect(
            throws: UsageRefusal(
                refusal: Refusal("there are 2 VMs, so one must be named", hint: "name one of app, web")
            )
        ) { try Ai.target(nil, among: [app, web]) }
        #expect(throws: UsageRefusal.self) { try Ai.target(nil, among: []) }
        #expect(throws: UsageRefusal.self) { try Ai.target("Not A Name", among: [app]) }
    }

    @Test(
        arguments: [
            (["claude", "app", "--", "-p", "hi"], "claude", "app", ["-p", "hi"], []),
            (["claude", "--", "--help"], "claude", nil, ["--help"], []),
            (["codex", "--env", "A", "app", "--env", "B"], "codex", "app", [], ["A", "B"]),
            (["shell", "--", "--", "x"], "shell", nil, ["--", "x"], []),
        ] as [([String], String, String?, [String], [String])]
    )
    func `parses what is for the tool and what is for dvm`(
        words: [String],
        tool: String,
        vm: String?,
        arguments: [String],
        names: [String]
    ) throws {
        let command = try Ai.parse(words)
        #expect(command.tool == tool)
        #expect(command.vm == vm)
        #expect(command.arguments == arguments)
        #expect(command.env == names)
    }
}

@Suite struct `dvm ls` {
    @Test func `shows configured VMs and Lima's, each once`() throws {
        let lines =
            ListedVM.line("Running", cpus: 2, ports: [3000, 5173]) + ListedVM.line(name: "dvm-old")
            + ListedVM.line(name: "default") + ListedVM.line(name: "dvm-NOT-OURS")
        let rows = Ls.Row.all(
            configured: [try MachineName("app"), try MachineName("web")],
            instances: try LimaInstance.list(Array(lines.utf8))
        )

        #expect(
            Ls.Row.table(rows).draw() == """
                NAME  STATE    CPUS  MEMORY  DISK   SESSIONS  WORK  SYNCED  PORTS
                app   running  2     4GiB    60GiB  -         -     -       3000:3000 5173:5173
                old   stopped  4     4GiB    60GiB  -         -     -       -
                web   absent   -     -       -      -         -     -       -
                """
        )
        #expect(
            String(decoding: try JSON.encode(Array(rows[2...])), as: UTF8.self)
                == #"[{"configured":true,"name":"web","ports":[],"state":"absent"}]"#
        )
    }

    @Test func `says how old is what it did not ask for`() throws {
        var row = Ls.Row(name: "app", state: "running", cpus: 1, memory: 1 << 30, disk: 60 << 30, configured: true)
        (row.diskUsed, row.sessions, row.contact, row.synced) = (3 << 30, 2, 1_000_000, 1_000_000)
        (row.work, row.workSeen) = (.atRisk, 1_000_000 - 7200)
        #expect(
            Ls.Row.table([row], now: 1_000_000 + 300).rows == [
                [
                    "app", "running", "1", "1GiB", "3.0GiB/60GiB", "2 (5 min ago)", "at risk (2 h ago)", "5 min ago",
                    "-",
                ]
            ]
        )
    }

    @Test(
        arguments: [
            (0, "now"), (59, "now"), (60, "1 min ago"), (3599, "59 min ago"), (3600, "1 h ago"),
            (47 * 3600, "47 h ago"),
            (48 * 3600, "2 d ago"), (-5000, "now"),
        ]
    )
    func `tells an age in its largest unit`(seconds: Int, text: String) {
        #expect(Age.text(since: 1_000_000_000 - seconds, now: 1_000_000_000) == text)
        #expect(Age.text(since: .min, now: 1) == "now")
    }

    @Test(
        arguments: [
            (0, "0MiB"), (1023 << 20, "1023MiB"), (1 << 30, "1.0GiB"), (3 << 29, "1.5GiB"), (60 << 30, "60GiB"),
        ]
    )
    func `tells how much room a disk takes`(bytes: Int, text: String) { #expect(DiskUse.text(bytes) == text) }

    @Test func `counts what the files of a VM take, and what removing it would free`() throws {
        let fixture = try HostFixture()
        #expect(DiskUse.bytes(in: FilePath("\(fixture.root)/lima/dvm-app")) == nil)
        try fixture.write("lima/dvm-app/diffdisk", String(repeating: "x", count: 1 << 20))
        try fixture.link("lima/dvm-app/elsewhere", to: "/bin/bash")
        let alone = try #require(DiskUse.bytes(in: FilePath("\(fixture.root)/lima/dvm-app")))
        #expect((1 << 20..<2 << 20).contains(alone))
        // A hole takes no room.
        let descriptor = try FileDescriptor.open(
            FilePath("\(fixture.root)/lima/dvm-app/diffdisk"),
            .writeOnly
        )
        try descriptor.closeAfter { try descriptor.resize(to: 1 << 34) }
        #expect(DiskUse.bytes(in: FilePath("\(fixture.root)/lima/dvm-app")).map { $0 < 4 << 20 } == true)
    }
}

@Suite struct `dvm doctor` {
    @Test func `checks this computer`() async throws {
        let fixture = try HostFixture()
        try fixture.installLimactl()
        try fixture.write("config/vms/app.sh", "")
        try fixture.write("config/vms/bad.sh", "DVM_CPUS=x\n")
        try fixture.write("config/vms/new.sh", "")
        try fixture.write("list.json", ListedVM.line())
        let session = try Session(HostEnvironment(fixture.environment))
        #expect(
            await HostChecks(session: session).checks(nil) == [
                .init("limactl", .pass, "2.2.0, \(fixture.root)/bin/limactl"),
                .init("configuration directory", .pass, "\(fixture.root)/config, changed by nobody else"),
                .init("configuration of app", .pass, "every value is valid"),
                .init("what Lima would start app with", .pass, "plain, no mounts, declared ports only"),
                .init(
                    "configuration of bad",
                    .fail,
                    "DVM_CPUS=“x”, set in \(fixture.root)/config/vms/bad.sh:1: it is not a number of CPUs",
                    remedy: "write a number such as 4, or auto"
                ),
                .init("configuration of new", .pass, "every value is valid"),
                .init("what Lima would start new with", .warn, "it has not been made", remedy: "dvm sync new"),
            ]
        )
    }

    @Test(
        arguments: [
            ("", nil), ("DVM_PROXY=http://p:3128\n", "open"), ("DVM_PROXY=http://p:3128\nDVM_AI_NET=allow\n", "allow"),
            ("DVM_PROXY=http://p:3128\nDVM_AI_NET=none\n", nil),
        ] as [(String, String?)]
    )
    func `warns of a proxy that AI tools do not use`(configuration: String, mode: String?) async throws {
        let fixture = try HostFixture()
        try fixture.installLimactl()
        try fixture.write("config/vms/app.sh", configuration)
        let session = try Session(HostEnvironment(fixture.environment))
        let found = await HostChecks(session: session).checks(nil).filter { $0.name == "proxy of app" }
        #expect(found.map(\.verdict) == (mode == nil ? [] : [.warn]))
        #expect(mode == nil || found.first?.meaning?.hasSuffix("with DVM_AI_NET=\(mode ?? "")") == true, "\(found)")
    }

    @Test func `fails for what is unsafe`() async throws {
        let fixture = try HostFixture()
        try fixture.installLimactl(version: "2.0.0")
        try fixture.setMode(0o777, "config")
        let session = try Session(HostEnvironment(fixture.environment))
        #expect(await HostChecks(session: session).checks(nil).map(\.verdict) == [.fail, .fail])
    }
}

@Suite struct `dvm ssh` {
    @Test(arguments: [
        (["app", "--", "ls", "-l"], ["ls", "-l"], false), (["app"], [], false),
        (["app", "-T", "--", "x"], ["x"], true),
        (["app", "--", "-T", "--help"], ["-T", "--help"], false),
    ])
    func `hands on everything after two hyphens`(words: [String], command: [String], noTerminal: Bool) throws {
        let parsed = try Ssh.parse(words)
        #expect(parsed.command == command)
        #expect(parsed.noTerminal == noTerminal)
    }
}

@Suite struct `The check before a VM is destroyed` {
    private let app: MachineName
    private let session: Session
    private let fixture: HostFixture

    init() throws {
        app = try MachineName("app")
        fixture = try HostFixture()
        session = try Session(HostEnvironment(fixture.environment), display: ProgressDisplay(.init()) { _ in })
    }

    private static let force = "`dvm rm app --yes --force` does it all the same, and loses what is above"

    @Test func `lets go what is known to hold nothing`() {
        #expect(WorkCheck.refusal(.known(WorkReport(codeDirectory: "/x")), in: app, for: "rm") == nil)
    }

    @Test func `refuses with what would be lost`() {
        var report = WorkReport(codeDirectory: "/x")
        report.loose = Sample(count: 2, examples: ["a\u{7}", "b"])
        var repository = RepositoryWork(path: ".", kind: .repository)
        repository.unpushed.count = 1
        report.repositories = [repository]
        #expect(
            WorkCheck.refusal(.known(report), in: app, for: "rm")
                == Refusal(
                    """
                    app holds work that is nowhere else:
                    ✗ .
                        1 commit only here: there is no remote outside the VM
                    ✗ 2 files in no repository: a\\u{7}, b
                    """,
                    hint: "push it, or take it out, with `dvm sh app`; `dvm work app` looks again; \(Self.force)"
                )
        )
        #expect(
            WorkCheck.farewell(.known(report), to: app) == [
                "lost with app:", "✗ .", "    1 commit only here: there is no remote outside the VM",
                "✗ 2 files in no repository: a\\u{7}, b",
            ]
        )
    }

    @Test func `refuses what is not known`() {
        var report = WorkReport(codeDirectory: "/x")
        report.unknown = ["y cannot be looked into"]
        #expect(
            WorkCheck.refusal(.known(report), in: app, for: "reset")?.message
                == "not all of app could be looked at:\n? not known: y cannot be looked into"
        )
        #expect(
            WorkCheck.refusal(.unknown(Refusal("no answer", hint: "wait")), in: app, for: "rm")
                == Refusal(
                    "it is not known whether app holds work:\nno answer",
                    hint: "wait; \(Self.force)"
                )
        )
        #expect(
            WorkCheck.farewell(.unknown(Refusal("no answer")), to: app)
                == ["whatever app holds is lost; it is not known what: no answer"]
        )
    }

    /// A VM as Lima lists it, and no guest in it.
    private func check(_ status: String, configured: Bool = true, configuration: String = "") async throws -> Refusal? {
        if configured { try fixture.write("config/vms/app.sh", configuration) }
        try fixture.installLimactl()
        let line = #"{"name":"dvm-app","status":"\#(status)","dir":"/l/dvm-app","arch":"x86_64"}"# + "\n"
        try fixture.write("list.json", line)
        let limactl = try await session.limactl()
        let instance = try #require(try await limactl.instance(of: app))
        let check = WorkCheck(name: app, limactl: limactl, session: session)
        do {
            try await check.require(instance, force: false, for: "rm")
            return nil
        } catch let refusal as Refusal {
            // Forced, nothing of this keeps it.
            try await check.require(instance, force: true, for: "rm")
            return refusal
        }
    }

    @Test func `does not take a broken VM for empty`() async throws {
        let refusal = try await check("Broken")
        #expect(refusal?.message == "it is not known whether app holds work:\nLima says that dvm-app is broken")
        #expect(refusal?.hint?.contains("dvm stop --force app") == true)
    }

    @Test func `does not take a VM for empty whose configuration is gone`() async throws {
        let refusal = try await check("Stopped", configured: false)
        #expect(refusal?.message.contains("app does not run, and is not started without a configuration") == true)
    }

    @Test func `does not take a VM for empty whose configuration does not load`() async throws {
        let refusal = try await check("Stopped", configuration: "DVM_CPUS=many")
        #expect(refusal?.message.contains("DVM_CPUS") == true)
    }

    @Test func `does not take a VM for empty that says nothing`() async throws {
        try fixture.write("fail-shell", "level=fatal msg=\"no way in\"\n")
        #expect(try await check("Running")?.message.hasPrefix("it is not known whether app holds work") == true)
    }
}
