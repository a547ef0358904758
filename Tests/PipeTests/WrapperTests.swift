import DVMProtocol
import Foundation
import TestSupport
import Testing

/// The commands in a VM that start tools, as the developer runs them: `dvm-guest ask`, the agents' socket, a session.
@Suite(.serialized) struct `The commands that start tools, over pipes` {
    private let vm: PretendVM
    private let socket: AgentsSocket

    init() throws {
        vm = try PretendVM()
        try vm.install(tool: "aider", #"printf '%s\0' "$@""#)
        socket = try AgentsSocket(vm)
    }

    /// Runs a script of the developer's with the commands in its search path.
    private func developer(_ script: String) throws -> String {
        let identity = ["setpriv", "--reuid=\(vm.developer)", "--regid=\(vm.developer)", "--clear-groups", "env", "-i"]
        let environment = ["HOME=\(vm.home)", "PATH=\(AgentsSocket.commands):/usr/bin:/bin"]
        let command = vm.command(identity + environment + ["/bin/sh", "-c", script])
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    @Test func `hand every argument on, also those that look like dvm's own`() throws {
        let arguments = [
            "--env", "LD_PRELOAD", "--env=PATH", "--detach", "-d", "--sign-in", "--help", "-h", "--version", "--", "--",
            "--generate-completion-script", "bash", "shell", "a b", "", "a\nb", "$(id)", "`id`", "\u{1B}[2J", #"\"'"#,
            "é✓", "-", "*",
        ]
        let quoted = arguments.map { "'" + $0.replacingOccurrences(of: "'", with: #"'\''"#) + "'" }
        let text = try developer("aider " + quoted.joined(separator: " "))
        let own = try Tool.named("aider").settings(prompting: false).arguments
        #expect(
            text.split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init) == own + arguments
        )
    }

    @Test func `replace what is no text in an argument, and go on`() throws {
        let text = try developer(#"aider "$(printf '\377\376x')""#)
        #expect(text.hasSuffix("\0\u{FFFD}\u{FFFD}x\0"))
    }

    @Test(
        arguments: [
            ("cd ~/code/app/sub", "/workspace/sub"), ("cd ~/code/app", "/workspace"),
            // By another way into the project: what counts is where it is.
            ("ln -s ~/code/app/sub ~/way && cd ~/way", "/workspace/sub"),
            ("cd /", "/workspace"), ("cd ~", "/workspace"), ("cd ~/code", "/workspace"),
            ("mkdir ~/code/other && cd ~/code/other", "/workspace"),
            ("mkdir ~/code/app2 && cd ~/code/app2", "/workspace"),
            ("ln -s /etc ~/code/app/out && cd ~/code/app/out", "/workspace"),
            ("mkdir ~/code/app/gone && cd ~/code/app/gone && rmdir ~/code/app/gone", "/workspace"),
        ]
    )
    func `start a tool where the caller is, or in the project`(entering: String, found: String) throws {
        #expect(
            try developer("mkdir ~/code/app/sub && \(entering) && shell --norc -c 'pwd; id -u'") == "\(found)\n64102\n"
        )
    }

    @Test func `hand no variable on that was not asked for, and start nothing that obeys one that was`() throws {
        let variables = [
            "LD_LIBRARY_PATH=/none", "BASH_ENV=/workspace/start", "ENV=/workspace/start", "GCONV_PATH=/workspace",
            "HOME_OF=developer",
        ]
        let look = "shell --norc -c 'env -u PWD -u OLDPWD -u SHLVL -u _ env' | cut -d= -f1 | sort | tr '\\n' ' '"
        let usual = "HOME LANG LOGNAME PATH SHELL TMPDIR USER XDG_RUNTIME_DIR "
        let plain = try developer(variables.map { "export \($0); " }.joined() + look)
        #expect(plain == usual)

        // Asked for, it is the tool's; the session is the agent's all the same, and what the file says is done in there.
        let start = "echo 'id -u; cat \(vm.home)/secret 2>/dev/null || echo hidden' >~/code/app/start; echo x >~/secret"
        let ask = "dvm-guest ask shell --env BASH_ENV -- --norc -c 'echo then'"
        let asked = try developer("\(start); export BASH_ENV=/workspace/start; \(ask)")
        #expect(asked == "64102\nhidden\nthen\n")
    }
}

/// The agents' socket, with a fresh `serve` for everybody who connects, as systemd has it.
private final class AgentsSocket {
    /// Where the commands are, as the VM's programs see it.
    static let commands = "/usr/local/libexec/dvm/commands"
    private static let program = "/usr/local/libexec/dvm/dvm-guest"
    private let server: Process

    private static let script = """
        import os, socket, subprocess, sys
        listener = socket.socket(socket.AF_UNIX)
        listener.bind("/run/dvm/agent.sock")
        os.chmod("/run/dvm/agent.sock", 0o666)
        listener.listen(16)
        print("listening", flush=True)
        while True:
            connection, _ = listener.accept()
            subprocess.Popen([sys.argv[1], "serve", "--agent-sessions"], stdin=connection, stdout=connection)
            connection.close()
        """

    init(_ vm: PretendVM) throws {
        let place = vm.directory.path + "/libexec/dvm"
        try FileManager.default.createDirectory(atPath: place + "/commands", withIntermediateDirectories: true)
        // By another process: what one of ours has open for writing while another test starts a program is busy there.
        let guest = try Products.path("dvm-guest")
        // As `The commands that start tools in a VM` has them.
        let lines = ["shell": "ask shell --", "aider": "ask aider --", "dvm-guest": ""].map { name, words in
            "printf '#!/bin/sh\\nexec \(Self.program) \(words) \"$@\"\\n' >commands/\(name); chmod 755 commands/\(name)"
        }
        let script = "set -e; cd \(place); install -m 755 \(guest) dvm-guest; \(lines.joined(separator: "; "))"
        let making = try Process.run(URL(filePath: "/bin/sh"), arguments: ["-c", script])
        making.waitUntilExit()
        try #require(making.terminationStatus == 0)

        let command = vm.command(["python3", "-c", Self.script, Self.program])
        let output = Pipe()
        server = Process()
        server.executableURL = URL(filePath: command[0])
        server.arguments = Array(command.dropFirst())
        server.standardOutput = output
        try server.run()
        let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        try #require(said.hasPrefix("listening"))
    }

    deinit { server.terminate() }
}
