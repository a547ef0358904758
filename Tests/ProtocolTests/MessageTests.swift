import DVMProtocol
import TestSupport
import Testing

/// The JSON of every control message, as it has been on the wire since version 1: a change here breaks peers.
@Suite struct `Control messages` {
    private func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSON.encode(value), as: UTF8.self)
    }

    @Test func `hello`() throws {
        let hello = Hello(time: 1_790_000_000.5)
        let text = #"{"time":1790000000.5,"versions":{"newest":1,"oldest":1}}"#

        #expect(try json(hello) == text)
        #expect(try Frame(.hello, channel: 0, payload: Array(text.utf8)).json(Hello.self) == hello)
    }

    @Test func `welcome`() throws {
        let facts = Welcome.Facts(
            distribution: "debian",
            release: "12",
            architecture: "x86_64",
            kernel: "6.1.0-42-cloud-amd64"
        )
        let welcome = Welcome(build: "c0ffee", facts: facts, clockStep: -3)
        let text =
            #"{"build":"c0ffee","clockStep":-3,"facts":{"architecture":"x86_64","distribution":"debian","#
            + #""kernel":"6.1.0-42-cloud-amd64","release":"12"},"versions":{"newest":1,"oldest":1}}"#

        #expect(try json(welcome) == text)
        #expect(try Frame(.welcome, channel: 0, payload: Array(text.utf8)).json(Welcome.self) == welcome)
    }

    private static let session = SessionID(seconds: 1_795_275_012, salt: 0x9F3A)

    static let requests: [(Request, String)] = [
        (
            .program(Program(.words(["ls", "-l"]), environment: ["A": "b"])),
            #"{"program":{"_0":{"command":{"words":{"_0":["ls","-l"]}},"environment":{"A":"b"},"outputWindow":1048576}}}"#
        ),
        (
            .program(
                Program(
                    .loginShell,
                    directory: "/srv",
                    terminal: .init(name: "xterm", size: TerminalSize(columns: 80, rows: 24)),
                    outputWindow: 131072
                )
            ),
            #"{"program":{"_0":{"command":{"loginShell":{}},"directory":"/srv","environment":{},"outputWindow":131072,"#
                + #""terminal":{"name":"xterm","size":{"columns":80,"height":0,"rows":24,"width":0}}}}}"#
        ),
        (
            .program(Program(.tool(name: "claude", arguments: ["-p", "hi"]))),
            #"{"program":{"_0":{"command":{"tool":{"arguments":["-p","hi"],"name":"claude"}},"environment":{},"outputWindow":1048576}}}"#
        ),
        (
            .task(.provision(Provision(hostName: "app", user: "developer", codeDirectory: "~/code/app"))),
            #"{"task":{"_0":{"provision":{"_0":{"agents":{"access":"auto","denied":[],"git":"guarded","limits":{},"#
                + #""network":{"hosts":[],"local":[],"served":[],"uplink":"open"},"prompting":[],"protected":[],"#
                + #""recorded":false,"secrets":"hide","systemCalls":"default"},"#
                + #""codeDirectory":"~/code/app","hostName":"app","system":{"certificates":[],"subordinateIDs":{"gids":65536,"#
                + #""uids":65536},"sudo":false,"swap":{"none":{}}},"tools":[],"user":"developer"}}}}}"#
        ),
        (
            .program(Program(.signIn(tool: "codex"))),
            #"{"program":{"_0":{"command":{"signIn":{"tool":"codex"}},"environment":{},"outputWindow":1048576}}}"#
        ),
        (
            .program(Program(.signIn(tool: "codex", callback: 1455))),
            #"{"program":{"_0":{"command":{"signIn":{"callback":1455,"tool":"codex"}},"environment":{},"#
                + #""outputWindow":1048576}}}"#
        ),
        (
            .task(.answerSignIn(SignInAnswer(session: session, query: "code=a&state=b"))),
            #"{"task":{"_0":{"answerSignIn":{"_0":{"query":"code=a&state=b","session":"20261121-153012-9f3a"}}}}}"#
        ),
        (.task(.doctor), #"{"task":{"_0":{"doctor":{}}}}"#),
        (.task(.selfTest), #"{"task":{"_0":{"selfTest":{}}}}"#),
        (.task(.work), #"{"task":{"_0":{"work":{}}}}"#),
        (.task(.gpgKey), #"{"task":{"_0":{"gpgKey":{}}}}"#),
        (
            .task(.sshKeys(SSHKeyRequest(hosts: ["git.x.org"], rotates: true))),
            #"{"task":{"_0":{"sshKeys":{"_0":{"hosts":["git.x.org"],"rotates":true}}}}}"#
        ),
        (
            .task(.renewIdentity(IdentityRenewal(hostName: "web"))),
            #"{"task":{"_0":{"renewIdentity":{"_0":{"hostName":"web","keepsKeys":false}}}}}"#
        ),
        (
            .task(.renewIdentity(IdentityRenewal(hostName: "web", keepsKeys: true, unlessItsOwn: true))),
            #"{"task":{"_0":{"renewIdentity":{"_0":{"hostName":"web","keepsKeys":true,"unlessItsOwn":true}}}}}"#
        ),
        (
            .task(.activity(services: ["llama.service"])),
            #"{"task":{"_0":{"activity":{"services":["llama.service"]}}}}"#
        ),
        (
            .program(
                Program(
                    .tool(name: "claude", arguments: []),
                    terminal: .init(name: "xterm", size: TerminalSize(columns: 80, rows: 24)),
                    detached: true
                )
            ),
            #"{"program":{"_0":{"command":{"tool":{"arguments":[],"name":"claude"}},"detached":true,"environment":{},"#
                + #""outputWindow":1048576,"terminal":{"name":"xterm","size":{"columns":80,"height":0,"rows":24,"width":0}}}}}"#
        ),
        (
            .attach(Attachment(session: session, size: TerminalSize(columns: 80, rows: 24))),
            #"{"attach":{"_0":{"outputWindow":131072,"session":"20261121-153012-9f3a","#
                + #""size":{"columns":80,"height":0,"rows":24,"width":0}}}}"#
        ),
        (
            .task(
                .unit(
                    ProvisionUnit(
                        name: "zsh",
                        identity: .root,
                        prelude: "a() { :; }\n",
                        script: "a\n",
                        variables: ["DVM_X": "1"],
                        secrets: ["TOKEN": "s"],
                        earlierSecrets: ["KEY"],
                        digest: String(repeating: "0f", count: 32),
                        timeLimit: 1800
                    )
                )
            ),
            #"{"task":{"_0":{"unit":{"_0":{"digest":"\#(String(repeating: "0f", count: 32))","#
                + #""earlierSecrets":["KEY"],"identity":"root","name":"zsh","#
                + #""prelude":"a() { :; }\n","script":"a\n","secrets":{"TOKEN":"s"},"timeLimit":1800,"#
                + #""variables":{"DVM_X":"1"}}}}}}"#
        ),
        (.task(.unitRecords), #"{"task":{"_0":{"unitRecords":{}}}}"#),
        (
            .task(.clone(Repository(address: "git@example.org:a/b.git", branch: "main"))),
            #"{"task":{"_0":{"clone":{"_0":{"address":"git@example.org:a/b.git","branch":"main"}}}}}"#
        ),
        (
            .task(.settle(Settle(loginShell: "zsh", git: GitIdentity(name: "Ann", email: "ann@example.org")))),
            #"{"task":{"_0":{"settle":{"_0":{"git":{"email":"ann@example.org","name":"Ann"},"loginShell":"zsh"}}}}}"#
        ),
        (
            .program(
                Program(
                    .journal(
                        JournalQuery(
                            unit: "dvm-llama.service",
                            options: .init(follows: true, lines: 100, since: "-1h", priority: "err", format: .shortISO)
                        )
                    )
                )
            ),
            #"{"program":{"_0":{"command":{"journal":{"_0":{"options":{"follows":true,"format":"short-iso","lines":100,"#
                + #""priority":"err","since":"-1h"},"unit":"dvm-llama.service"}}},"environment":{},"#
                + #""outputWindow":1048576}}}"#
        ),
        (.task(.ports), #"{"task":{"_0":{"ports":{}}}}"#),
        (.task(.remoteLogin), #"{"task":{"_0":{"remoteLogin":{}}}}"#),
        (.task(.sessions(ended: true)), #"{"task":{"_0":{"sessions":{"ended":true}}}}"#),
        (.task(.sessionReport(session)), #"{"task":{"_0":{"sessionReport":{"_0":"20261121-153012-9f3a"}}}}"#),
        (.task(.endSession(session)), #"{"task":{"_0":{"endSession":{"_0":"20261121-153012-9f3a"}}}}"#),
    ]

    @Test(arguments: requests)
    func `open`(request: Request, text: String) throws {
        #expect(try json(request) == text)
        #expect(try Frame(.open, channel: 1, payload: Array(text.utf8)).json(Request.self) == request)
        try request.check()
    }

    @Test func `the small ones`() throws {
        #expect(try json(Exit.exited(3)) == #"{"exited":{"_0":3}}"#)
        #expect(try json(Exit.signaled(9)) == #"{"signaled":{"_0":9}}"#)
        #expect(try json(Refusal("no", hint: "yes")) == #"{"hint":"yes","message":"no"}"#)
        #expect(try json(Opened(session: Self.session)) == #"{"session":"20261121-153012-9f3a"}"#)
        #expect(try json(SessionNote(.warning, "no")) == #"{"text":"no","weight":"warning"}"#)
        #expect(try json(Progress(step: "packages")) == #"{"step":"packages"}"#)
        #expect(
            try json(TerminalSize(columns: 1, rows: 2, width: 3, height: 4))
                == #"{"columns":1,"height":4,"rows":2,"width":3}"#
        )
        #expect(try json([Signal.interrupt]) == #"["interrupt"]"#)
        #expect(Credit(.errors, bytes: 0x0001_0203).payload == [2, 0, 1, 2, 3])
    }

    @Test(arguments: [
        "", "{", "[]", "null", #"{"program":{}}"#, #"{"task":{"_0":{"format":{}}}}"#,
        #"{"program":{"_0":{"command":"ls"}}}"#,
        Brief(String(repeating: "[", count: 100_000)), #"{"task":{"_0":{"doctor":{}}}} trailing"#,
    ])
    func `what is no request is a violation and not a crash`(text: Brief) {
        #expect(throws: ProtocolViolation.self) {
            try Frame(.open, channel: 1, payload: Array(text.text.utf8)).json(Request.self)
        }
    }

    @Test func `a value that does not fit into a frame is refused with a remedy`() {
        let program = Program(.words([String(repeating: "x", count: Frame.largestPayload)]))

        #expect(throws: Refusal.self) { try Frame(.open, channel: 1, json: Request.program(program)) }
    }

    static let impossible: [Program] = [
        Program(.words([])), Program(.words(["a\0b"])), Program(.loginShell, directory: "relative"),
        Program(.loginShell, directory: "/a\0"), Program(.loginShell, environment: ["A B": "c"]),
        Program(.loginShell, environment: ["": "c"]), Program(.loginShell, environment: ["1A": "c"]),
        Program(.loginShell, environment: ["A=B": "c"]), Program(.loginShell, environment: ["A": "\0"]),
        Program(.loginShell, outputWindow: 0), Program(.loginShell, outputWindow: -1),
        Program(.loginShell, outputWindow: .max),
    ]

    @Test(arguments: impossible)
    func `a program no system could start is refused before anything is made from it`(program: Program) {
        #expect(throws: Refusal.self) { try Request.program(program).check() }
    }

    @Test func `more words than a program may have are refused`() {
        let program = Program(.words(Array(repeating: "", count: 20_000)))

        #expect(throws: Refusal.self) { try Request.program(program).check() }
    }
}
