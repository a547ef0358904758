import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// Tools as a host starts them: programs that only say how they were started stand in for the vendors'.
@Suite struct `Tools, over pipes` {
    private static let shim = """
        printf 'argument %s\\n' "$@"
        env | grep -vE '^(PWD|OLDPWD|SHLVL|_)=' | sort
        for f in /etc/claude-code/* /etc/codex/* /etc/opencode/* /etc/gemini-cli/*; do test -f "$f" && echo "$f" && cat "$f" && echo; done
        mkdir -p ~/STATE && echo seen >>~/STATE/token && cat ~/STATE/token
        echo planted >>~/.bashrc && cat ~/.bashrc
        """

    private func vm(_ tool: Tool) throws -> PretendVM {
        let vm = try PretendVM()
        let program = String(try #require(tool.program.split(separator: "/").last))
        let state = tool.state.first ?? ".none"
        try vm.install(program, of: tool.name, Self.shim.replacingOccurrences(of: "STATE", with: state))
        return vm
    }

    static let installable = Tool.all.filter { $0.name != "shell" }.map(\.name)

    /// What a program that stands in for a tool says of how it was started, but for what it keeps.
    private func expected(_ tool: Tool, prompting: Bool, arguments: [String]) -> [String] {
        let home = "/var/lib/dvm-agent/\(tool.name)"
        let launch = tool.settings(prompting: prompting)
        var variables = launch.variables.mapValues { $0.hasPrefix("~/") ? home + $0.dropFirst() : $0 }
        variables.merge([
            "HOME": home, "USER": "dvm-agent", "LOGNAME": "dvm-agent", "SHELL": "/bin/bash", "LANG": "C.UTF-8",
            "PATH": "\(home)/.local/bin:/usr/local/bin:/usr/bin:/bin", "TMPDIR": "/tmp",
            "XDG_RUNTIME_DIR": "/run/user/64102",
        ]) { $1 }
        let files = launch.files.sorted { $0.key < $1.key }.flatMap { file in
            [file.key] + file.value.split(separator: "\n").map(String.init)
        }
        return (launch.arguments + arguments).map { "argument \($0)" }
            + variables.map { "\($0.key)=\($0.value)" }.sorted() + files
    }

    @Test(arguments: installable)
    func `a tool gets its settings, and only its state the second time`(name: String) throws {
        let tool = try Tool.named(name)
        let client = try GuestClient(vm(tool))
        let program = Program(.tool(name: tool.commands.last ?? "", arguments: ["a b"]))
        let first = try client.run(program)
        let second = try client.run(program)

        #expect(first.ending == .exit(.exited(0)), "\(first.complaint)")
        let expected = expected(tool, prompting: false, arguments: ["a b"])
        #expect(first.text.split(separator: "\n").map(String.init) == expected + ["seen", "planted"])
        #expect(second.text.split(separator: "\n").map(String.init) == expected + ["seen", "seen", "planted"])
    }

    /// What `DVM_CLAUDE_BYPASS=0`, `DVM_CODEX_YOLO=0` and their kin come to, from the policy they are to what a tool is
    /// started with: its arguments, variables and files.
    @Test(arguments: installable)
    func `prompts are left on where the configuration says so`(name: String) throws {
        let tool = try Tool.named(name)
        let vm = try vm(tool)
        let program = Program(.tool(name: name, arguments: ["a b"]))
        var policy = AgentPolicy()
        for prompting in [[name], Self.installable.filter { $0 != name }] {
            policy.prompting = prompting
            try vm.configure(policy)
            let text = try GuestClient(vm).run(program).text
            let expected = expected(tool, prompting: prompting == [name], arguments: ["a b"])
            #expect(text.split(separator: "\n").map(String.init).prefix(expected.count) == expected[...])
        }
        // Or the two would be the same, and this would prove nothing.
        let (on, off) = (tool.settings(prompting: true), tool.settings(prompting: false))
        #expect(on != off)
    }

    @Test func `an account that was given at the sign-in is there afterwards, for that tool only`() throws {
        let vm = try PretendVM()
        let script =
            #"if [ "$1" = login ]; then echo account >~/.codex/auth.json; else cat ~/.codex/auth.json; fi"#
        try vm.install("codex", of: "codex", script)
        let client = try GuestClient(vm)
        let before = try client.run(Program(.tool(name: "codex", arguments: [])))
        let login = try client.run(Program(.signIn(tool: "codex")))
        let after = try client.run(Program(.tool(name: "codex", arguments: [])))
        let other = try client.run(
            Program(
                .tool(
                    name: "shell",
                    arguments: ["--norc", "-c", "cat ~/.codex/auth.json /var/lib/dvm-agent/codex/.codex/auth.json"]
                )
            )
        )

        #expect(before.text == "" && before.complaint.contains("No such file"))
        #expect(login.ending == .exit(.exited(0)), "\(login.complaint)")
        #expect(after.text == "account\n")
        #expect(other.text == "" && other.complaint.contains("No such file"))
    }

    @Test func `a tool of a person's own runs like the others`() throws {
        let vm = try PretendVM()
        let own = Tool(
            name: "mine",
            summary: "mine",
            programs: Tool.places(of: "mine", installedAs: "mine"),
            unattended: .init(arguments: ["--yolo"]),
            state: [".config/mine"]
        )
        try vm.configure(AgentPolicy(), tools: [own])
        try vm.install("mine", of: "mine", #"echo "$@"; pwd; id -u; echo x >>~/.config/mine/x; cat ~/.config/mine/x"#)
        let client = try GuestClient(vm)
        let program = Program(.tool(name: "mine", arguments: ["-p"]))
        #expect(try client.run(program).text == "--yolo -p\n/workspace\n64102\nx\n")
        #expect(try client.run(program).text == "--yolo -p\n/workspace\n64102\nx\nx\n")
    }
}
