import DVMProtocol
import Testing

/// A unit that is as it should be, but for what a test changes.
private func unit(_ change: (inout ProvisionUnit) -> Void = { _ in }) -> ProvisionUnit {
    var unit = ProvisionUnit(
        name: "zsh",
        identity: .root,
        prelude: "",
        script: "true\n",
        digest: String(repeating: "0", count: 64),
        timeLimit: 60
    )
    change(&unit)
    return unit
}

@Suite struct `A unit of provisioning` {
    @Test(arguments: ["zsh", "setup.sh", "git-delta", "a", "9", "My_Tool", String(repeating: "a", count: 64)])
    func `has a name that can be a file's`(name: String) throws { try unit { $0.name = name }.check() }

    @Test(arguments: [
        "", ".", "..", ".x", "-x", "_x", "a/b", "a b", "a\n", "ä", "a\0", "$(x)", String(repeating: "a", count: 65),
    ])
    func `has no name that leads elsewhere`(name: String) {
        #expect(throws: Refusal.self) { try unit { $0.name = name }.check() }
    }

    @Test(arguments: [1, 86_400]) func `has a time limit up to a day`(seconds: Int) throws {
        try unit { $0.timeLimit = seconds }.check()
    }

    static let impossible: [(String, ProvisionUnit)] = [
        ("time limit", unit { $0.timeLimit = 0 }), ("time limit", unit { $0.timeLimit = 86_401 }),
        ("digest", unit { $0.digest = "" }),
        ("digest", unit { $0.digest = String(repeating: "A", count: 64) }),
        ("NUL", unit { $0.script = "a\0b" }), ("NUL", unit { $0.prelude = "\0" }),
        ("NUL", unit { $0.variables = ["DVM_X": "a\0"] }), ("A B", unit { $0.variables = ["A B": ""] }),
        ("PATH", unit { $0.variables = ["PATH": "/tmp"] }), ("BASH_ENV", unit { $0.variables = ["BASH_ENV": "/x"] }),
        ("DVM_USER", unit { $0.variables = ["DVM_USER": "root"] }),
        ("LD_PRELOAD", unit { $0.variables = ["LD_PRELOAD": "/x"] }),
        ("../x", unit { $0.secrets = ["../x": "s"] }), ("cannot name", unit { $0.secrets = ["": "s"] }),
        ("../x", unit { $0.earlierSecrets = ["../x"] }),
        (
            "runs as the user",
            unit {
                $0.identity = .user
                $0.secrets = ["TOKEN": "s"]
            }
        ),
    ]

    @Test(arguments: impossible)
    func `is refused with its part when it cannot be run`(part: String, unit: ProvisionUnit) {
        let refusal = #expect(throws: Refusal.self) { try Request.task(.unit(unit)).check() }
        #expect(refusal?.message.contains(part) == true)
    }

    @Test func `is one message, and refused beyond it before it is sent`() throws {
        let room = Frame.largestPayload - (try JSON.encode(Request.task(.unit(unit { $0.script = "" }))).count)
        let fitting = unit { $0.script = String(repeating: "x", count: room) }
        try fitting.check()
        #expect(try Frame(.open, channel: 1, json: Request.task(.unit(fitting))).payload.count == Frame.largestPayload)

        let refusal = #expect(throws: Refusal.self) {
            try unit { $0.script = String(repeating: "\n", count: room) }.check()
        }
        #expect(refusal?.message.hasPrefix("“zsh” is too large") == true)
    }

    @Test func `never has its secrets quoted`() {
        let refusal = #expect(throws: Refusal.self) {
            try unit {
                $0.secrets = ["TOKEN": "canary" + String(repeating: "x", count: Frame.largestPayload)]
            }.check()
        }
        #expect(refusal.map { ($0.message + ($0.hint ?? "")).contains("canary") } == false)
    }
}

@Suite struct `The options of a system` {
    @Test(arguments: ["UTC", "Europe/Warsaw", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "America/Port-au-Prince"])
    func `have a time zone by name`(name: String) throws { try SystemOptions(timeZone: name).check() }

    @Test(arguments: ["", "/etc/passwd", "../x", "Europe/..", "Europe/", "a/b/c/d", "a b", "a\n", ".x", "-x"])
    func `have none by path`(name: String) {
        #expect(throws: Refusal.self) { try SystemOptions(timeZone: name).check() }
    }

    @Test(arguments: ["C", "C.UTF-8", "de_DE.UTF-8", "ca_ES.UTF-8@valencia", "pt_BR"])
    func `have a locale by name`(name: String) throws { try SystemOptions(locale: name).check() }

    @Test(arguments: ["", "de_DE\nX=1", "-a", "a b", "$(x)", "a/b", "\"", String(repeating: "a", count: 41)])
    func `have none that says more`(name: String) {
        #expect(throws: Refusal.self) { try SystemOptions(locale: name).check() }
    }

    @Test func `have a proxy`() throws {
        try SystemOptions(
            proxy: Proxy(
                http: "http://proxy.example:3128",
                https: "socks5h://[fd00::1]:1080/",
                exceptions: ["localhost", ".example", "10.0.0.0/8", "*.local", "::1"]
            )
        ).check()
        #expect(
            Proxy(http: "http://p:1", https: nil, exceptions: ["a", "b"]).variables == [
                "http_proxy": "http://p:1", "HTTP_PROXY": "http://p:1", "no_proxy": "a,b", "NO_PROXY": "a,b",
            ]
        )
    }

    @Test(arguments: [
        "proxy:3128", "ftp://x", "http://", "http://:1", "http:///x", "http://a b", "http://a\"", "http://a\n",
        "http://$x", "http://a;b", "http://name:pass@proxy:1",
    ])
    func `have no proxy that is none, or that names a password`(address: String) {
        let refusal = #expect(throws: Refusal.self) {
            try SystemOptions(proxy: Proxy(http: nil, https: address)).check()
        }
        #expect(refusal.map { ($0.message + ($0.hint ?? "")).contains("pass@") } == false)
    }

    @Test(arguments: ["", "a b", "a\n", "a,b", "$x"])
    func `have no exceptions that are none`(host: String) {
        #expect(throws: Refusal.self) { try Proxy(http: "http://p", https: nil, exceptions: [host]).check() }
    }

    @Test func `have no proxy without an address`() {
        #expect(throws: Refusal.self) { try Proxy(http: nil, https: nil).check() }
    }

    @Test(arguments: [
        SystemOptions(subordinateIDs: .init(uids: -1)), SystemOptions(subordinateIDs: .init(gids: 1 << 31)),
        SystemOptions(swap: .file(mebibytes: 63)), SystemOptions(swap: .zram(mebibytes: 65537)),
    ])
    func `have no sizes that make no sense`(options: SystemOptions) {
        #expect(throws: Refusal.self) { try options.check() }
    }

    @Test(arguments: [
        SystemOptions(subordinateIDs: .init(uids: 0, gids: 0)), SystemOptions(swap: .file(mebibytes: 64)),
        SystemOptions(swap: .zram(mebibytes: 65536)), SystemOptions(sudo: true),
    ])
    func `have sizes that do`(options: SystemOptions) throws { try options.check() }

    @Test func `are the usual ones for a host that knows of none`() throws {
        let text =
            #"{"agents":\#(String(decoding: try JSON.encode(AgentPolicy()), as: UTF8.self)),"codeDirectory":"~/code/app","#
            + #""hostName":"app","tools":[],"user":"developer"}"#
        let plan = try JSON.decode(Provision.self, from: Array(text.utf8))
        #expect(plan == Provision(hostName: "app", user: "developer", codeDirectory: "~/code/app"))
        let done = try JSON.decode(Provisioned.self, from: Array(#"{"changes":[],"codeDirectory":"/x"}"#.utf8))
        #expect(done == Provisioned(changes: [], codeDirectory: "/x"))
    }

    @Test func `bring along what comes last, which is checked as it is alone`() throws {
        var plan = Provision(hostName: "app", user: "developer", codeDirectory: "~/code/app")
        plan.settle = Settle(loginShell: "zsh")
        #expect(try JSON.decode(Provision.self, from: JSON.encode(plan)) == plan)
        try Request.task(.provision(plan)).check()
        plan.settle = Settle(loginShell: "a:b")
        #expect(throws: Refusal.self) { try Request.task(.provision(plan)).check() }

        let done = Provisioned(
            changes: ["x"],
            codeDirectory: "/x",
            known: .init(records: [UnitRecord(name: "a", digest: "b", finished: 1)], loginTrouble: Refusal("no")),
            settled: Settled(changes: ["y"])
        )
        #expect(try JSON.decode(Provisioned.self, from: JSON.encode(done)) == done)
    }
}

@Suite struct `Certificates of authorities` {
    private static let one = "-----BEGIN CERTIFICATE-----\nMIIB\nAA==\n-----END CERTIFICATE-----\n"

    @Test func `are taken out of whatever is around them`() throws {
        let bundle = "# A comment\n\(Self.one)\nsubject=x\n" + Self.one.split(separator: "\n").joined(separator: "\r\n")
        #expect(try Certificates.all(in: bundle) == [Self.one, Self.one])
        try SystemOptions(certificates: [Self.one, Self.one]).check()
    }

    @Test(arguments: [
        ("", "no whole certificate"), ("hello", "no whole certificate"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n", "no whole certificate"),
        (one + "-----BEGIN CERTIFICATE-----\nMIIB\n", "cut short"),
        (one + "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", "private key"),
        ("-----BEGIN CERTIFICATE-----\na$b\n-----END CERTIFICATE-----\n", "not PEM"),
        ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "not PEM"),
    ])
    func `are refused when they are not whole, or a key is among them`(text: String, part: String) {
        let refusal = #expect(throws: Refusal.self) { try Certificates.all(in: text) }
        #expect(refusal?.message.contains(part) == true)
    }

    @Test(arguments: ["", one + one, "x" + one, one + "x", String(one.dropLast())])
    func `are one a text on the wire`(text: String) {
        #expect(throws: Refusal.self) { try SystemOptions(certificates: [text]).check() }
    }
}

@Suite struct `A repository` {
    @Test(arguments: [
        "https://example.org/a/b.git", "https://example.org:8443/~ann/b", "ssh://git@example.org:2222/a/b.git",
        "ssh://example.org/b", "git@example.org:a/b.git", "ann@host:~/code/x",
    ])
    func `has an address git can be given`(address: String) throws { try Repository(address: address).check() }

    @Test(arguments: [
        "", "/srv/x", "file:///srv/x", "http://example.org/x", "git://example.org/x", "ext::sh -c id", "-x",
        "--upload-pack=id", "ssh://-oProxyCommand=id/x", "ssh://git@-oProxyCommand=id/x", "-oProxyCommand=id:x",
        "git@-x:y", "https://name:pass@example.org/x", "https://token@example.org/x", "https://example.org",
        "https:///x", "example.org:x", "git@example.org:", "git@example.org::x", "git@example.org:-x",
        "git@example.org:a b", "git@example.org:a\nb", "git@example.org:$(id)", "ssh://a@b@c/x",
        "https://example.org/" + String(repeating: "x", count: 1024),
    ])
    func `has no address that is an option, a program or a password`(address: String) {
        let refusal = #expect(throws: Refusal.self) { try Repository(address: address).check() }
        #expect(refusal.map { ($0.message + ($0.hint ?? "")).contains("pass@") } == false)
    }

    @Test(arguments: ["main", "v1.2", "feature/x-y", "a+b"])
    func `has a branch`(name: String) throws { try Repository(address: "git@h:x", branch: name).check() }

    @Test(arguments: ["", "-x", "--upload-pack=id", "a..b", "a b", "a:b", "a~1", "a^", "a@{1}", "a/", "a.lock", "/a"])
    func `has no branch that is something else`(name: String) {
        #expect(throws: Refusal.self) { try Repository(address: "git@h:x", branch: name).check() }
    }
}

@Suite struct `What is settled` {
    @Test(arguments: ["zsh", "/bin/zsh", "/usr/bin/fish", "/home/x/.local/bin/nu"])
    func `is a login shell`(shell: String) throws { try Settle(loginShell: shell).check() }

    @Test(arguments: ["", "/", "bin/zsh", "/bin/", "zsh:x", "z\nsh", "a b", "-c", "..", "/bin/-c"])
    func `is none that says more`(shell: String) {
        #expect(throws: Refusal.self) { try Settle(loginShell: shell).check() }
    }

    @Test func `is who commits are by`() throws {
        try GitIdentity(name: "Ann Õ. Nymous", email: "ann@example.org").check()
        for text in ["", " ", "a\nb", "a<b>", "a\0", String(repeating: "x", count: 201)] {
            #expect(throws: Refusal.self) { try GitIdentity(name: text).check() }
            #expect(throws: Refusal.self) { try GitIdentity(email: text).check() }
        }
    }
}

@Suite struct `A question about the journal` {
    @Test func `is asked in journalctl's words`() throws {
        let words = ["-f", "-n", "50", "--since", "yesterday", "--until=2026-11-21 15:30", "-perr", "-o", "json"]
        #expect(
            try JournalQuery.Options(words: words)
                == .init(
                    follows: true,
                    lines: 50,
                    since: "yesterday",
                    until: "2026-11-21 15:30",
                    priority: "err",
                    format: .json
                )
        )
        #expect(try JournalQuery.Options(words: ["--lines=all", "--no-pager"]) == .init())
        #expect(try JournalQuery.Options(words: []) == .init())
    }

    @Test(arguments: [
        ["--file=/etc/shadow"], ["-D", "/x"], ["--vacuum-size=1"], ["--rotate"], ["x"], ["-n"], ["-n", "x"],
        ["-n", "-1"],
        ["-o", "export"], ["-fx"], ["--follow=1"], ["--root=/"], ["-M", "x"], ["-n", "99999999999999999999"],
    ])
    func `knows no other words`(words: [String]) {
        #expect(throws: Refusal.self) { try JournalQuery.Options(words: words) }
    }

    @Test(arguments: ["dvm-llama.service", "tailscaled", "user@1000.service", #"dev-disk-by\x2dlabel.swap"#])
    func `is about a unit`(unit: String) throws { try JournalQuery(unit: unit).check() }

    @Test(arguments: ["", "-x", "--file=x", "a b", "a/b", "a*", "ü", String(repeating: "x", count: 256)])
    func `is about nothing else`(unit: String) {
        #expect(throws: Refusal.self) { try JournalQuery(unit: unit).check() }
    }

    @Test(arguments: [
        JournalQuery.Options(lines: -1), .init(since: ""), .init(since: "a\nb"), .init(until: "ä"),
        .init(priority: "x"),
        .init(priority: ""), .init(priority: "err.."), .init(priority: "8"), .init(priority: "err.alert"),
        .init(priority: "a..b"),
    ])
    func `has no options that mean nothing`(options: JournalQuery.Options) {
        #expect(throws: Refusal.self) { try JournalQuery(unit: "x", options: options).check() }
    }

    @Test(arguments: ["err", "7", "0..3", "err..alert"])
    func `asks for a priority`(priority: String) throws {
        try JournalQuery(unit: "x", options: .init(priority: priority)).check()
    }

    @Test func `gets no terminal and no variables`() {
        let query = Program.Command.journal(JournalQuery(unit: "x"))
        let terminal = Program.Terminal(name: "xterm", size: TerminalSize(columns: 80, rows: 24))
        for program in [
            Program(query, directory: "/"), Program(query, environment: ["PAGER": "x"]),
            Program(query, terminal: terminal),
        ] {
            #expect(throws: Refusal.self) { try Request.program(program).check() }
        }
    }
}
