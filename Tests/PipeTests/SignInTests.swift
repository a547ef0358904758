import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// A tool of a person's own that waits for a browser, at a port that this test alone uses.
private struct BrowserTool {
    let port: UInt16
    let tool: Tool

    init() throws {
        port = try #require(
            (0..<100).lazy.map { _ in UInt16.random(in: 20_000..<30_000) }.first { port in
                ["127.0.0.1", "::1"].allSatisfy { LocalPort.look(at: $0, port: port) != .taken }
            }
        )
        tool = Tool(
            name: "mine",
            summary: "a tool of your own",
            programs: Tool.places(of: "mine", installedAs: "mine"),
            signIn: .init(arguments: ["login", "\(port)"], callback: .init(port: port, path: "/back")),
            state: [".mine"]
        )
    }

    func install(in vm: PretendVM) throws {
        try vm.configure(AgentPolicy(), tools: [tool])
        try vm.install(tool: "mine", SignInStandIn.script(state: ".mine"))
    }

    /// The file that tells dvm of it.
    var file: String {
        "login: login\nlogin: \(port)\ncallback: http://localhost:\(port)/back\nstate: .mine\n"
    }
}

@Suite struct `The answer of a sign-in, over pipes` {
    private let vm: PretendVM
    private let client: GuestClient
    private let mine: BrowserTool

    init() throws {
        vm = try PretendVM()
        mine = try BrowserTool()
        try mine.install(in: vm)
        client = try GuestClient(vm)
    }

    /// Starts something that says when it is ready, and returns its channel and session.
    private func start(_ command: Program.Command) throws -> (channel: UInt32, session: SessionID) {
        let number = try client.open(.program(Program(command)))
        let begun = try client.follow(number) { $0.text.contains("ready") || $0.ending != nil }
        try #require(begun.ending == nil, "\(String(describing: begun.ending)) \(begun.complaint)")
        return (number, try #require(client.session(of: number)))
    }

    private func answer(_ query: String, _ session: SessionID) throws -> ClientChannel.Ending? {
        let number = try client.open(.task(.answerSignIn(SignInAnswer(session: session, query: query))))
        return try client.follow(number).ending
    }

    private func outcome(_ query: String, _ session: SessionID) throws -> SignInOutcome? {
        guard case .result(let bytes) = try answer(query, session) else { return nil }
        return try JSON.decode(SignInOutcome.self, from: bytes)
    }

    @Test func `reaches the tool in the network of its session, and through its pages to the last`() throws {
        let login = try start(.signIn(tool: "mine", callback: mine.port))
        // Not there for anybody in the VM, whose network that is not.
        #expect(LocalPort.look(at: "127.0.0.1", port: mine.port) == .free)

        #expect(try outcome("code=bad&state=s", login.session) == SignInOutcome(status: 400))
        #expect(try outcome("code=good&state=s", login.session) == SignInOutcome(status: 200))
        #expect(try client.follow(login.channel).ending == .exit(.exited(0)))

        let after = try client.run(Program(.tool(name: "mine", arguments: [])))
        let fields = "accept,connection,host,user-agent"
        #expect(
            after.text
                == "signed in\n/back?code=bad&state=s \(fields)\n/back?code=good&state=s \(fields)\n/done \(fields)\n"
        )
        let refusal = Refusal("no session \(login.session) runs in this VM", hint: "`dvm sessions` lists those that do")
        #expect(try answer("code=good&state=s", login.session) == .refused(refusal))
    }

    @Test func `reaches no session but a sign-in that a browser was to come back to`() throws {
        // The very server that is reached above.
        for command in [
            Program.Command.signIn(tool: "mine"), .tool(name: "mine", arguments: ["serve", "\(mine.port)"]),
        ] {
            let other = try start(command)
            #expect(
                try answer("code=good&state=s", other.session)
                    == .refused(
                        Refusal(
                            "the session \(other.session) is no sign-in that waits for a browser",
                            hint: "`dvm ai login` on the host starts one"
                        )
                    )
            )
            try client.send(.signal, Signal.kill, on: other.channel)
            _ = try client.follow(other.channel)
        }
    }

    @Test func `is told where nothing waits for it`() throws {
        try vm.install(tool: "mine", "echo ready; sleep 60")
        let login = try start(.signIn(tool: "mine", callback: mine.port))
        guard case .refused(let refusal) = try answer("code=x", login.session) else {
            Issue.record("it reached something")
            return
        }
        #expect(refusal.message == "nothing in the session waits for the browser at port \(mine.port)")
    }

    @Test func `a tool that waits at another port is not started`() throws {
        let number = try client.open(.program(Program(.signIn(tool: "mine", callback: mine.port ^ 1))))
        guard case .refused(let refusal) = try client.follow(number).ending else {
            Issue.record("it was started")
            return
        }
        #expect(refusal.message == "mine does not wait for a browser at port \(mine.port ^ 1) in this VM")
    }
}

@Suite struct `Signing in by a browser, end to end` {
    private let host: HostProgram
    private let mine: BrowserTool

    init() throws {
        host = try HostProgram()
        mine = try BrowserTool()
        try mine.install(in: host.vm)
        try host.fixture.write("config/tools/mine.conf", mine.file)
    }

    /// Begins a sign-in, has a browser do things, and shows what came of it.
    private func signIn(_ browser: String) throws -> [String] {
        let outcome = try host.run(
            """
            get() {
              curl -sg -m 20 -o page -w '%{http_code} ' "$@" || { echo closed; return; }
              grep -o '<h1>.*</h1>' page; rm -f page
            }
            site=http://localhost:\(mine.port)
            "$DVM" ai login mine app >said.txt 2>told.txt </dev/null &
            until grep -qs ready said.txt; do sleep 0.05; done
            \(browser)
            wait $!; echo "status $?"
            get "$site/back?code=good&state=s"
            """
        )
        return outcome.output.split(separator: "\n").map(String.init)
    }

    @Test func `the first answer that the tool takes is the last, and the account is there afterwards`() throws {
        let lines = try signIn(
            """
            get $site/favicon.ico
            get -H "Host: example.org:\(mine.port)" "$site/back?code=good&state=s"
            get -H 'Sec-Fetch-Mode: no-cors' "$site/back?code=good&state=s"
            get "$site/back?code=bad&state=s"
            get -b 'token=of-another-page' -e http://localhost:8888/ "http://127.0.0.1:\(mine.port)/back?code=good&state=s"
            """
        )
        #expect(
            lines == [
                "404 <h1>Not here</h1>", "421 <h1>Not here</h1>", "403 <h1>Not here</h1>", "502 <h1>Not taken</h1>",
                "200 <h1>Handed on</h1>", "status 0", "000 closed",
            ]
        )
        #expect(host.fixture.read("said.txt") == "ready\nwelcome\n")
        #expect(
            host.fixture.read("told.txt") == """
                • mine shows an address: open it in a browser on this computer, which then comes back to port \(mine.port) \
                here; it takes one answer, within 15 minutes
                • a browser on another computer cannot come back: then press Ctrl-C and use `dvm ai login --device mine app`

                """
        )
        // What came to the tool: no request of the others, no cookie, no referrer.
        let fields = "accept,connection,host,user-agent"
        #expect(
            try host.run("dvm ai mine app").output
                == "signed in\n/back?code=bad&state=s \(fields)\n/back?code=good&state=s \(fields)\n/done \(fields)\n"
        )
    }

    @Test(arguments: ["INT", "TERM", "HUP", "KILL"])
    func `the port closes with dvm`(signal: String) throws {
        let lines = try signIn(#"get "$site/x"; kill -\#(signal) $!"#)
        #expect(lines.first == "404 <h1>Not here</h1>")
        #expect(lines.last == "000 closed")
    }

    @Test func `the port closes with the link`() throws {
        let lines = try signIn(#"get "$site/x"; kill -KILL "$(cat $ROOT/serve.pid)""#)
        #expect(lines == ["404 <h1>Not here</h1>", "status 1", "000 closed"])
        #expect(host.fixture.read("told.txt")?.contains("the link to app was lost") == true)
    }

    @Test func `a port that is taken refuses the sign-in before anything is started`() throws {
        let taken = try LocalPort.open(at: "127.0.0.1", port: mine.port)
        defer { try? taken.close() }
        let outcome = try host.run("dvm ai login mine app")
        #expect(
            outcome
                == .init(
                    status: 1,
                    output: "",
                    errors: """
                        dvm: error: the browser cannot come back to port \(mine.port) of this computer: something \
                        listens there already
                        hint: end what listens there, such as another sign-in, or sign in with a code: `dvm ai login \
                        --device mine app`

                        """
                )
        )
        #expect(!host.fixture.exists("shells"))
    }

    @Test func `without a port when that is asked for`() throws {
        let outcome = try host.run(
            """
            "$DVM" ai login --device mine app >said.txt 2>told.txt </dev/null &
            until grep -qs ready said.txt; do sleep 0.05; done
            curl -s -m 20 http://localhost:\(mine.port)/back?code=good || echo closed
            kill $!; wait $!; cat told.txt
            """
        )
        #expect(outcome.output == "closed\n")
    }
}
