import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Ports of a VM` {
    private static let session = SessionID(seconds: 1_795_275_012, salt: 0x9F3A)
    private static let listening = [
        ListeningPort(address: "127.0.0.1", port: 3000, uid: 1000, user: "developer", program: "node"),
        ListeningPort(address: "::1", port: 5173, uid: 1000, user: "developer", program: "vi\u{1B}[31mte"),
        ListeningPort(address: "::", port: 8080, uid: 4242),
        ListeningPort(address: "127.0.0.1", port: 9000, uid: 990, user: "dvm-agent", session: session),
    ]
    private static let forwards = [
        PortForward(host: 3000, guest: 3000), PortForward(address: "::1", host: 5173, guest: 5173),
        PortForward(address: "0.0.0.0", host: 80, guest: 8080), PortForward(host: 9000, guest: 9000),
    ]
    private static let table = PortTable(forwards, inEffect: Array(forwards[..<3]), listening: listening)

    @Test func `are shown with who listens and where they lead, harmlessly`() {
        #expect(
            Self.table.table.draw() == #"""
                PORT  ADDRESS    OWNER      PROGRAM          SESSION               ON THIS COMPUTER
                3000  127.0.0.1  developer  node             -                     127.0.0.1:3000
                5173  ::1        developer  vi\u{1b}[31mte   -                     -
                5173  -          -          nothing listens  -                     [::1]:5173
                8080  ::         uid 4242   -                -                     0.0.0.0:80
                9000  127.0.0.1  dvm-agent  -                20261121-153012-9f3a  -
                9000  -          -          nothing listens  -                     127.0.0.1:9000 after sync
                """#
        )
    }

    @Test func `are JSON for programs`() throws {
        let one = PortTable([Self.forwards[0]], inEffect: [], listening: [Self.listening[0]])
        #expect(
            String(decoding: try JSON.encode(one), as: UTF8.self)
                == #"{"declared":[{"address":"127.0.0.1","guest":3000,"host":3000,"isInEffect":false,"isServed":true}],"#
                + #""listening":[{"address":"127.0.0.1","port":3000,"program":"node","uid":1000,"user":"developer"}]}"#
        )
        #expect(try JSON.text(Self.table).contains(#""vi\u001b[31mte""#))
    }

    @Test func `what a browser may not find is said before`() throws {
        let app = try MachineName("app")
        func warnings(_ index: Int) -> [String] { Open.warnings(Self.forwards[index], Self.table, of: app) }

        #expect(warnings(0) == [])
        #expect(
            warnings(1) == [
                "port 5173 in app listens at ::1 only, where a declared port does not lead: "
                    + "have the server listen at 127.0.0.1"
            ]
        )
        #expect(warnings(2) == [])
        #expect(
            warnings(3) == [
                "9000:9000 is declared, but app was started without it; `dvm sync app` changes that",
                "nothing listens on port 9000 in app yet",
            ]
        )
    }

    @Test(arguments: [
        ("3000:80", "http://127.0.0.1:3000"), ("0.0.0.0:3000:80", "http://127.0.0.1:3000"),
        ("[::]:3000:80", "http://[::1]:3000"), ("[fe80::1]:3000:80", "http://[fe80::1]:3000"),
        ("192.168.1.5:3000:80", "http://192.168.1.5:3000"),
    ])
    func `lead to a page made of our own numbers`(forward: String, url: String) throws {
        #expect(try PortForward(forward).url == url)
    }

    @Test func `are found by either number, and asked about when that is not enough`() throws {
        let app = try MachineName("app")
        let declared = [PortForward(host: 8080, guest: 80), PortForward(host: 8081, guest: 8080)]
        func meant(_ port: UInt16?, _ among: [PortForward] = declared) throws -> PortForward {
            try PortForward.meant(by: port, among: among, of: app)
        }

        #expect(try meant(80) == declared[0])
        #expect(try meant(8081) == declared[1])
        #expect(try meant(nil, [declared[0]]) == declared[0])
        let both = [PortForward(host: 3000, guest: 3000)]
        #expect(try meant(3000, both) == both[0])
        for (port, among) in [(8080, declared), (nil, declared), (1, declared), (nil, [])] as [(UInt16?, [PortForward])]
        {
            let refusal = #expect(throws: UsageRefusal.self) { try meant(port, among) }
            #expect(refusal?.refusal.message.contains("8080:80 8081:8080") == !among.isEmpty)
        }
    }
}

@Suite struct `Programs of the desktop` {
    let fixture: HostFixture
    let session: Session
    let app: MachineName

    init() throws {
        fixture = try HostFixture()
        session = try Session(HostEnvironment(fixture.environment))
        app = try MachineName("app")
    }

    private func login(_ directory: String) -> RemoteLogin {
        RemoteLogin(user: "developer", codeDirectory: directory, hostKeys: [])
    }

    @Test func `the editor is told the VM's entry and the code directory`() throws {
        var settings = Settings(for: app)
        #expect(
            try Code.arguments(app, login("/home/developer/code/app"), settings)
                == ["--remote", "ssh-remote+dvm-app", "/home/developer/code/app"]
        )
        // A VM that names another directory than it was told is not believed.
        for directory in ["/home/developer/other", "/code/ap", "/code/app/below"] {
            #expect(throws: Refusal.self) { try Code.arguments(app, login(directory), settings) }
        }
        settings.codeDirectory = "/srv/app"
        #expect(try Code.arguments(app, login("/srv/app"), settings).last == "/srv/app")
        #expect(throws: Refusal.self) { try Code.arguments(app, login("/x/srv/app"), settings) }
    }

    @Test func `the editor is looked for on PATH, and by DVM_CODE`() throws {
        func editor(_ name: String?) throws -> String {
            var variables = ["PATH": "\(fixture.root)/bin"]
            variables["DVM_CODE"] = name
            return try DesktopProgram.editor(HostEnvironment(variables)).executable.string
        }
        #expect(throws: Refusal.self) { try editor(nil) }
        for name in ["code", "codium"] { try fixture.write("bin/\(name)", "#!/bin/sh\n", mode: 0o700) }
        #expect(try editor(nil) == "\(fixture.root)/bin/code")
        #expect(try editor("codium") == "\(fixture.root)/bin/codium")
        #expect(try editor("\(fixture.root)/bin/codium") == "\(fixture.root)/bin/codium")
        for name in ["./code", "bin/code", "nothing", "/nothing"] {
            #expect(throws: Refusal.self, "\(name)") { try editor(name) }
        }
    }

    @Test func `words arrive as they are, without the keys of AI tools, and failing is said`() async throws {
        try fixture.write(
            "bin/code",
            "#!/bin/sh\nprintf '<%s>' \"$@\" >'\(fixture.root)/told'\nenv >>'\(fixture.root)/told'\n",
            mode: 0o700
        )
        let editor = try DesktopProgram.editor(HostEnvironment(fixture.environment))
        let variables = HostEnvironment(fixture.environment.merging(["OPENAI_API_KEY": "secret"]) { $1 })
        try await editor.run(["a b", "$(id)", ""], environment: variables.forPrograms())
        let told = try #require(fixture.read("told"))
        #expect(told.hasPrefix("<a b><$(id)><>"))
        #expect(told.contains("HOME=") && !told.contains("secret"))

        try fixture.write("bin/code", "#!/bin/sh\nexit 3\n", mode: 0o700)
        await #expect(throws: Refusal("\(fixture.root)/bin/code failed with status 3")) {
            try await editor.run([], environment: [:])
        }
    }
}
