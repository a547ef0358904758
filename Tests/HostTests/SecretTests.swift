import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `A secret of a recipe` {
    let fixture: HostFixture
    init() throws { fixture = try HostFixture() }

    private func environment(_ variables: [String: String] = [:]) -> HostEnvironment {
        HostEnvironment(fixture.environment.merging(variables) { _, new in new })
    }

    private func read(
        _ source: SecretSource,
        _ variables: [String: String] = [:],
        time: Duration = .seconds(60)
    ) async throws -> String {
        try await SecretReader(environment: environment(variables), withheld: ["OTHER_TOKEN"], time: time)
            .read("TOKEN", from: source)
    }

    private func refusal(
        _ source: SecretSource,
        _ variables: [String: String] = [:],
        time: Duration = .seconds(60)
    ) async throws -> Refusal? {
        do {
            let value = try await read(source, variables, time: time)
            Issue.record("read \(value)")
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    // MARK: Where from

    /// dvm-behaviour.md §21: 13 and 35, under all their names; §22 #6: the prefix makes no difference.
    @Test(arguments: ["CLOUDFLARED_TOKEN", "DVM_CLOUDFLARED_TOKEN", "DVM_SECRET_CLOUDFLARED_TOKEN"])
    func `is found under every name it ever had`(name: String) throws {
        for secret in ["CLOUDFLARED_TOKEN", "DVM_CLOUDFLARED_TOKEN"] {
            #expect(
                try SecretSource.find(secret, in: environment([name: "x"]), configured: [:]) == .variable(name)
            )
        }
    }

    @Test(
        arguments: [
            ([:], [:], nil), (["TOKEN": ""], [:], nil), (["DVM_SECRET_TOKEN_FILE": "/f"], [:], .file("/f")),
            (["DVM_SECRET_TOKEN_FILE": "/f", "TOKEN": "x"], [:], .variable("TOKEN")),
            (["DVM_SECRET_TOKEN": "a", "TOKEN": "x"], [:], .variable("DVM_SECRET_TOKEN")),
            ([:], ["DVM_SECRET_TOKEN_FILE": "/c"], .file("/c")),
            (["DVM_SECRET_TOKEN_FILE": "/f"], ["DVM_SECRET_TOKEN_FILE": "/c"], .file("/f")),
            ([:], ["DVM_SECRET_TOKEN_CMD": "pass x"], .command("pass x")),
            ([:], ["DVM_SECRET_TOKEN_CMD": "pass x", "DVM_SECRET_TOKEN_FILE": "/c"], .file("/c")),
            ([:], ["DVM_SECRET_TOKEN_CMD": ""], nil), ([:], ["DVM_SECRET_OTHER_CMD": "x"], nil),
        ] as [([String: String], [String: String], SecretSource?)]
    )
    func `comes from the nearest place`(
        variables: [String: String],
        configured: [String: String],
        source: SecretSource?
    ) throws {
        #expect(try SecretSource.find("TOKEN", in: environment(variables), configured: configured) == source)
    }

    @Test func `is not looked for in a directory that depends on where dvm was started`() {
        #expect(
            throws: Refusal("DVM_SECRET_TOKEN_FILE is “token”", hint: "write the absolute path of a file")
        ) {
            try SecretSource.find("TOKEN", in: environment(["DVM_SECRET_TOKEN_FILE": "token"]), configured: [:])
        }
    }

    @Test func `that is not there is asked for in three ways`() {
        #expect(
            SecretSource.missing("NPM_TOKEN", for: "npm")
                == Refusal(
                    "npm needs the secret NPM_TOKEN, which is not there",
                    hint: """
                        set the variable NPM_TOKEN for dvm, or DVM_SECRET_NPM_TOKEN_FILE to the path of a file that only \
                        you can read, or DVM_SECRET_NPM_TOKEN_CMD in the configuration to a command that prints it
                        """
                )
        )
    }

    // MARK: Its value

    @Test(arguments: [("x", "x"), ("x\n", "x"), ("x\r\n", "x"), ("x\n\n", "x\n"), (" x ", " x "), ("ü🔑", "ü🔑")])
    func `is the text but for the end of its line`(text: String, value: String) async throws {
        try fixture.write("token", text)
        #expect(try await read(.file(FilePath("\(fixture.root)/token"))) == value)
        #expect(try await read(.variable("TOKEN"), ["TOKEN": text]) == value)
        #expect(try await read(.command("printf '%s' \"$GIVEN\""), ["GIVEN": text]) == value)
    }

    @Test(arguments: [0o644, 0o640, 0o660, 0o604, 0o602])
    func `is not taken from a file that others can read or change`(mode: Int) async throws {
        try fixture.write("token", "canary", mode: mode)
        let path = "\(fixture.root)/token"
        #expect(
            try await refusal(.file(FilePath(path)))
                == Refusal(
                    "\(path), which should hold the secret TOKEN, can be read or changed by other users",
                    hint: "repair it with `chmod go= \(path)`"
                )
        )
        try fixture.setMode(0o600, "token")
        #expect(try await read(.file(FilePath(path))) == "canary")
    }

    @Test func `is not taken from what is no file, or not there`() async throws {
        #expect(try await refusal(.file(FilePath(fixture.root)))?.message.hasSuffix("is no file") == true)
        #expect(try await refusal(.file("/nowhere/token"))?.message.contains("cannot be read") == true)
        // A device that never ends, and would be waited for.
        #expect(try await refusal(.file("/dev/zero")) != nil)
    }

    @Test func `is bounded, and text`() async throws {
        let most = String(repeating: "a", count: SecretSource.largest)
        try fixture.write("token", most + "\n")
        #expect(try await read(.file(FilePath("\(fixture.root)/token"))) == most)
        try fixture.write("token", most + "a")
        #expect(
            try await refusal(.file(FilePath("\(fixture.root)/token")))?.message.contains("longer than 64 KiB") == true
        )
        #expect(try await refusal(.command("yes"))?.message.contains("prints more than 64 KiB") == true)
        #expect(try await refusal(.command(#"printf 'a\0b'"#))?.message.hasSuffix("is no text") == true)
        #expect(try await refusal(.command(#"printf '\377'"#))?.message.hasSuffix("is no text") == true)
        #expect(try await refusal(.command("true"))?.message.hasSuffix("is empty") == true)
    }

    @Test func `from a command is bounded in time, and its failure said without its words`() async throws {
        let slow = try await refusal(.command("sleep 60"), time: .milliseconds(500))
        #expect(slow?.message.hasSuffix("took too long and was ended") == true)
        let failed = try await refusal(.command("echo canary; exit 3"))
        #expect(failed?.message == "the command for the secret TOKEN failed with status 3")
    }

    @Test func `is not handed to the command for another one`() async throws {
        let value = try await read(
            .command(#"echo "[$OTHER_TOKEN][$DVM_SECRET_X][$GIVEN]""#),
            ["OTHER_TOKEN": "canary", "DVM_SECRET_X": "canary", "GIVEN": "1"]
        )
        #expect(value == "[][][1]")
    }

    @Test func `is quoted in no refusal`() async throws {
        let canary = String(repeating: "canary", count: 20_000)
        let refusal = try await refusal(.variable("TOKEN"), ["TOKEN": canary])
        #expect(refusal.map { "\($0)" }?.contains("canary") == false)
    }

    // MARK: Its number

    @Test func `is told apart by a key that is made once, and kept for its owner alone`() throws {
        let directory = FilePath("\(fixture.root)/state/app")
        #expect(SecretKey.known(in: directory) == nil)
        let key = try SecretKey.kept(in: directory)
        #expect(try SecretKey.kept(in: directory) == key)
        #expect(try fixture.mode("state/app/secrets.key") == 0o600)
        #expect(try fixture.mode("state/app") == 0o700)
        // A damaged one is replaced.
        try fixture.write("state/app/secrets.key", "short")
        #expect(try SecretKey.kept(in: directory) != key)
        #expect(fixture.read("state/app/secrets.key")?.utf8.count == 64)
    }

    @Test func `from a command is told apart by the command, which is not run`() throws {
        let reader = SecretReader(environment: environment(["TOKEN": "x"]), withheld: [])
        #expect(try reader.distinction("T", from: .command("exit 9")) == Array("command\nexit 9".utf8))
        #expect(try reader.distinction("T", from: .variable("TOKEN")) == Array("value\nx".utf8))
    }
}

@Suite struct `Programs on this computer` {
    @Test func `get no secret of any recipe there is`() throws {
        let fixture = try HostFixture()
        try fixture.write("config/recipes/tunnel.sh", "# dvm: secrets: TUNNEL_TOKEN\n")
        var variables = fixture.environment
        for name in ["TUNNEL_TOKEN", "DVM_TUNNEL_TOKEN", "DVM_SECRET_TUNNEL_TOKEN", "DVM_SECRET_X", "KEPT"] {
            variables[name] = "canary"
        }
        let session = try Session(HostEnvironment(variables))
        let given = session.environment.forPrograms(without: session.withheld)
        #expect(given.filter { $0.value == "canary" }.map(\.key) == ["KEPT"])
        // What the guard keeps from them.
        #expect(session.environment.variables.values.count { $0 == "canary" } == 5)
    }
}
