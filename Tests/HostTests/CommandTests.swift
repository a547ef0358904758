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
                NAME  STATE    CPUS  MEMORY  DISK   PORTS
                app   running  2     4GiB    60GiB  3000:3000 5173:5173
                old   stopped  4     4GiB    60GiB  -
                web   absent   -     -       -      -
                """
        )
        #expect(
            String(decoding: try JSON.encode(Array(rows[2...])), as: UTF8.self)
                == #"[{"configured":true,"name":"web","ports":[],"state":"absent"}]"#
        )
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

@Suite struct `dvm rm` {
    @Test func `deletes a VM only when it is known to hold nothing`() throws {
        let app = try MachineName("app")
        try Rm.check(.success(CodeDirectory(path: "/home/d/code/app", entries: 0)), in: app)
        #expect(
            throws: Refusal(
                "/home/d/code/app\\u{7} in app is not empty (3 entries)",
                hint: "look with `dvm sh app`; `dvm rm app --yes --force` deletes it all the same"
            )
        ) { try Rm.check(.success(CodeDirectory(path: "/home/d/code/app\u{7}", entries: 3)), in: app) }
        #expect(
            throws: Refusal(
                "it is not known whether app holds work, so it is not deleted:\nno answer",
                hint: "wait; `dvm rm app --yes --force` deletes it all the same"
            )
        ) { try Rm.check(.failure(Refusal("no answer", hint: "wait")), in: app) }
        #expect(throws: Refusal.self) { try Rm.check(.failure(CancellationError()), in: app) }
    }
}
