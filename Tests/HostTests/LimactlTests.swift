import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Running limactl` {
    let fixture: HostFixture
    let app: MachineName
    var environment: HostEnvironment { HostEnvironment(fixture.environment) }

    init() throws {
        fixture = try HostFixture()
        try fixture.installLimactl()
        app = try MachineName("app")
    }

    /// The refusal something ends with.
    private func refusal(_ body: () async throws -> Void) async throws -> Refusal? {
        do {
            try await body()
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    private func log() throws -> Log { try Log.open("lima", in: FilePath("\(fixture.root)/state")) }

    @Test func `needs one`() {
        #expect { try Limactl(HostEnvironment(["PATH": "relative:/nonexistent"])) } throws: { error in
            let refusal = error as? Refusal
            return refusal?.message == "limactl is not on PATH" && refusal?.hint?.contains("brew install lima") == true
        }
    }

    @Test func `takes the one DVM_LIMACTL names`() throws {
        try fixture.write("elsewhere/limactl-2", "#!/bin/sh\n", mode: 0o700)
        let path = "\(fixture.root)/elsewhere/limactl-2"
        #expect(try Limactl(HostEnvironment(["DVM_LIMACTL": path])).executable == FilePath(path))
        #expect(
            try Limactl(HostEnvironment(["DVM_LIMACTL": "limactl-2", "PATH": "\(fixture.root)/elsewhere"])).executable
                == FilePath(path)
        )
        #expect(throws: Refusal.self) { try Limactl(HostEnvironment(["DVM_LIMACTL": "\(path)-3"])) }
        #expect(throws: Refusal.self) { try Limactl(HostEnvironment(["DVM_LIMACTL": "nope", "PATH": "/bin"])) }
    }

    @Test func `says which version it is`() async throws {
        #expect(try await Limactl(environment).checkVersion() == LimaVersion(2, 2, 0))
    }

    @Test func `refuses a version in which guest users become root`() async throws {
        try fixture.installLimactl(version: "2.1.2")
        #expect(
            try await refusal { _ = try await Limactl(environment).checkVersion() }
                == Refusal(
                    "Lima 2.1.2 lets any user in a VM become its root (CVE-2026-53657)",
                    hint: "update to Lima 2.1.3 or newer, with Homebrew: `brew upgrade lima`"
                )
        )
    }

    @Test func `refuses a version that cannot be told`() async throws {
        try fixture.installLimactl(version: "HEAD-\u{1B}[2J")
        let refusal = try await refusal { _ = try await Limactl(environment).checkVersion() }
        #expect(
            refusal?.message.hasSuffix("does not say which version it is: limactl version HEAD-\\u{1b}[2J\\u{a}")
                == true
        )
    }

    @Test func `asks for one instance by its name`() async throws {
        try fixture.write("list.json", ListedVM.line() + ListedVM.line(name: "dvm-app2") + ListedVM.line(name: "app"))
        let instance = try await Limactl(environment).instance(of: app)
        #expect(instance?.name == "dvm-app")
        #expect(fixture.read("calls") == "list --tty=false --json dvm-app\n")
    }

    @Test func `tells an unknown instance from trouble`() async throws {
        try fixture.write("list.json", ListedVM.line(name: "other"))
        #expect(try await Limactl(environment).instance(of: app) == nil)

        try fixture.write("fail-list", "time=x level=fatal msg=\"the disk \\\"is\\\" full\\nsorry\"\n")
        #expect(
            try await refusal { _ = try await Limactl(environment).instance(of: app) }?.message
                == "`limactl list` failed (status 1)\nthe disk \"is\" full sorry"
        )
    }

    @Test func `refuses a list that is none`() async throws {
        try fixture.write("list.json", "{\"name\":\"dvm-app\" oh no\n")
        let refusal = try await refusal { _ = try await Limactl(environment).list() }
        #expect(
            refusal?.message.hasPrefix("`limactl list --json` said something that does not describe an instance")
                == true
        )
    }

    @Test func `refuses a list without end`() async throws {
        try fixture.write("bin/limactl", "#!/bin/sh\nexec yes\n", mode: 0o700)
        #expect(
            try await refusal { _ = try await Limactl(environment).list() }?.message
                == "`limactl list` said too much and was ended"
        )
    }

    @Test func `gives each verb its words, never asking on a terminal`() async throws {
        try fixture.write("list.json", ListedVM.line())
        try fixture.write("new.json", "")
        try fixture.write("changed.json", "")
        try fixture.write("t.yaml", "plain: true\n")
        let limactl = try Limactl(environment)
        let log = try log()
        let verbs: [Limactl.Verb] = [
            .create(template: FilePath("\(fixture.root)/t.yaml")), .start, .stop(force: false), .stop(force: true),
            .edit(expression: ".cpus = 2"), .delete,
        ]
        for verb in verbs { try await limactl.perform(verb, on: app, log: log) }

        #expect(
            fixture.changes == [
                "create --tty=false --name dvm-app \(fixture.root)/t.yaml", "start --tty=false dvm-app",
                "stop --tty=false dvm-app", "stop --tty=false --force dvm-app",
                "edit --tty=false --set .cpus = 2 dvm-app", "delete --tty=false --force dvm-app",
            ]
        )
        #expect(
            limactl.shell(app)(["sudo", "-n", "true"]).arguments == [
                "shell", "--workdir", "/", "dvm-app", "sudo", "-n", "true",
            ]
        )
    }

    @Test(
        arguments: [
            (#"time="2026-11-21T15:30:00Z" level=info msg="Downloading the image""#, "Downloading the image"),
            (#"level=info msg="a \"quoted\" word\nand more""#, #"a "quoted" word and more"#),
            ("something else", "something else"), (#"msg="\u{1B}[2J""#, #"\u{1b}[2J"#),
        ]
    )
    func `is shown by what it means to say`(line: String, words: String) {
        #expect(Limactl.words(of: line.replacing(#"\u{1B}"#, with: "\u{1B}")) == words)
    }

    @Test func `keeps the keys of AI tools out of what it starts`() async throws {
        var variables = fixture.environment
        variables["ANTHROPIC_API_KEY"] = "secret"
        variables["ASKED_FOR"] = "secret too"
        variables["HTTPS_PROXY"] = "http://proxy"
        _ = try await Limactl(HostEnvironment(variables), withholding: ["ASKED_FOR"]).list()
        let seen = try #require(fixture.read("environment"))
        #expect(!seen.contains("secret"))
        #expect(seen.contains("HTTPS_PROXY=http://proxy\n"))
    }

    @Test func `fails with its last words, made harmless, and the log's path`() async throws {
        try fixture.write(
            "fail-start",
            """
            time="x" level=info msg="Starting"
            some noise
            time="x" level=fatal msg="cannot \u{1B}[31mboot: hint=\\"try again\\""

            """
        )
        let log = try log()
        #expect(
            try await refusal { try await Limactl(environment).perform(.start, on: app, log: log) }
                == Refusal(
                    "`limactl start` failed for dvm-app (status 1)\ncannot \\u{1b}[31mboot: hint=\"try again\"",
                    hint: "the whole output is in \(fixture.root)/state/lima.log"
                )
        )
        #expect(fixture.read("state/lima.log")?.contains("some noise\n") == true)
        #expect(try fixture.mode("state/lima.log") == 0o600)
        #expect(try fixture.mode("state") == 0o700)
    }

    @Test func `shows its output as it comes, and all of it`() async throws {
        try fixture.write("bin/limactl", "#!/bin/sh\necho one; sleep 0.3; echo two >&2\n", mode: 0o700)
        let (stream, sink) = AsyncStream.makeStream(of: [UInt8].self)
        try await Limactl(environment).perform(.start, on: app, log: log()) { sink.yield($0) }
        sink.finish()

        var pieces: [String] = []
        for await piece in stream { pieces.append(String(decoding: piece, as: UTF8.self)) }
        #expect(pieces.joined() == "one\ntwo\n")
    }

    @Test func `does not wait for what it leaves running`() async throws {
        try fixture.write("bin/limactl", "#!/bin/sh\nsleep 60 &\necho \"$!\" >'\(fixture.root)/left'\n", mode: 0o700)
        let began = ContinuousClock.now
        try await Limactl(environment).perform(.start, on: app, log: log())
        #expect(began.duration(to: .now) < .seconds(30))
        kill(try #require(Int32((fixture.read("left") ?? "").prefix { $0.isNumber })), SIGTERM)
    }

    @Test func `is ended when it floods its log`() async throws {
        try fixture.write("bin/limactl", "#!/bin/sh\nexec yes 0123456789012345678901234567890123456789\n", mode: 0o700)
        #expect(
            try await refusal { try await Limactl(environment).perform(.start, on: app, log: log()) }?.message
                == "`limactl start` said too much and was ended"
        )
    }

    @Test(arguments: [
        (["a", "b"], ["a", "b"]),
        (["time=x level=warning msg=\"careful\"", "z"], ["careful", "z"]),
        (["level=error msg=\"first\"", "noise", "level=fatal msg=\"last\""], ["first", "last"]),
        (["level=fatal without a message"], ["level=fatal without a message"]),
        ([], []),
        (["1", "2", "3", "4", "5", "6"], ["2", "3", "4", "5", "6"]),
    ])
    func `is quoted with what it meant to say`(lines: [String], words: [String]) {
        #expect(Limactl.lastWords(lines) == words)
    }
}
