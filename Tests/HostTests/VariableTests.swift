import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

/// Reads variables as those of a file, on a computer of which nothing is known.
private func settings(
    _ variables: Evaluation.Variables,
    environment: [String: String] = [:],
    host: HostFacts = HostFacts()
) throws(Refusal) -> Settings {
    var reader = SettingsReader(
        for: try MachineName("app"),
        home: "/home/me",
        environment: HostEnvironment(environment),
        host: host
    )
    reader.take(variables, from: .init(origin: .file("/c/vms/app.sh")))
    return try reader.read().settings
}

@Suite struct `Settings from variables` {
    @Test func `are what is built in when nothing is said`() throws {
        let settings = try settings([:])

        #expect(settings == Settings(for: try MachineName("app")))
        #expect(settings.cpus == nil)
        #expect(settings.memory.description == "4GiB")
        #expect(settings.disk.description == "60GiB")
        #expect(settings.user == "developer")
        #expect(settings.codeDirectory == "~/code/app")
        #expect(settings.template.base == "template:_images/fedora")
    }

    typealias Change = @Sendable (inout Settings) -> Void

    static let values: [(Variable, String, Change)] = [
        (.noBaseline, "1", { $0.hasBaseline = false }), (.cpus, "2", { $0.cpus = 2 }), (.cpus, "auto", { _ in }),
        (.memory, "8GiB", { $0.memory = .gibibytes(8) }), (.memory, "8", { $0.memory = .gibibytes(8) }),
        (.memory, "512MiB", { $0.memory = MemorySize(mebibytes: 512) }), (.disk, "100", { $0.disk = .gibibytes(100) }),
        (.user, "ann", { $0.user = "ann" }), (.vmType, "vz", { $0.vmType = .vz }),
        (.architecture, "aarch64", { $0.architecture = .aarch64 }), (.architecture, "default", { _ in }),
        (.network, "shared", { $0.network = .shared }), (.hostAddress, "0.0.0.0", { $0.hostAddress = "0.0.0.0" }),
        (
            .ports, "3000:3000\t0.0.0.0:5173:5173\n",
            {
                $0.ports = [
                    PortForward(host: 3000, guest: 3000), PortForward(address: "0.0.0.0", host: 5173, guest: 5173),
                ]
            }
        ),
        (.loginShell, "zsh", { $0.settle.loginShell = "zsh" }),
        (.loginShell, "/usr/bin/fish", { $0.settle.loginShell = "/usr/bin/fish" }),
        (.sudo, "1", { $0.system.sudo = true }),
        (.subordinateUsers, "0", { $0.system.subordinateIDs.uids = 0 }),
        (.subordinateGroups, "131072", { $0.system.subordinateIDs.gids = 131072 }),
        (.codeDirectory, "/home/me/src/", { $0.codeDirectory = "~/src" }),
        (
            .codeRoot, "~/projects",
            {
                $0.codeRoot = "~/projects"
                $0.codeDirectory = "~/projects/app"
            }
        ),
        (
            .codeRoot, "/home/me",
            {
                $0.codeRoot = "~"
                $0.codeDirectory = "~/app"
            }
        ),
        (.repository, "git@example.org:a/b.git", { $0.repository = Repository(address: "git@example.org:a/b.git") }),
        (.repository, "https://example.org/a/b", { $0.repository = Repository(address: "https://example.org/a/b") }),
        (.repository, "ssh://git@h:2222/a", { $0.repository = Repository(address: "ssh://git@h:2222/a") }),
        (.gitName, "Ann Ü. Example", { $0.settle.git = GitIdentity(name: "Ann Ü. Example") }),
        (.gitEmail, "ann@example.org", { $0.settle.git = GitIdentity(email: "ann@example.org") }),
        (.timeZone, "Europe/Vienna", { $0.system.timeZone = "Europe/Vienna" }),
        (.locale, "de_AT.UTF-8", { $0.system.locale = "de_AT.UTF-8" }), (.swap, "0", { _ in }),
        (.swap, "2GiB", { $0.system.swap = .file(mebibytes: 2048) }),
        (.swap, "zram", { $0.system.swap = .zram(mebibytes: 4096) }),
        (.swap, "zram:1G", { $0.system.swap = .zram(mebibytes: 1024) }),
        (.certificates, "/etc/a.pem ~/b.pem", { $0.certificateFiles = ["/etc/a.pem", "/home/me/b.pem"] }),
        (.unitTimeLimit, "90", { $0.unitTimeLimit = 90 }), (.unitTimeLimit, "2h", { $0.unitTimeLimit = 7200 }),
    ]

    @Test(arguments: values)
    func `hold every value and where it is from`(variable: Variable, value: String, change: Change) throws {
        var expected = Settings(for: try MachineName("app"))
        change(&expected)
        expected.origins[variable] = .file("/c/vms/app.sh")
        if variable == .codeRoot { expected.origins[.codeDirectory] = .file("/c/vms/app.sh") }
        #expect(try settings([variable.name: .text(value)]) == expected)
    }

    @Test(arguments: values.map(\.0) + [.template, .agentDenied, .agentProcessors, .agentTime, .agentHosts])
    func `are read again from what is shown of them`(variable: Variable) throws {
        let more = [
            (Variable.template, "debian-12"), (.agentDenied, "~/a /b"), (.agentProcessors, "1.05"), (.agentTime, "2h"),
            (.agentHosts, "a.org b.org:22"),
        ]
        for (_, value) in Self.values.map({ ($0.0, $0.1) }).filter({ $0.0 == variable })
            + more.filter({ $0.0 == variable })
        {
            let first = try settings([variable.name: .text(value)])
            guard let shown = variable.field.show(first), variable != .template else { continue }
            #expect(try settings([variable.name: shown]) == first)
        }
    }

    @Test func `know two things of one repository, and of one author`() throws {
        let settings = try settings([
            "DVM_REPO": .text("git@h:a"), "DVM_REPO_BRANCH": .text("next"), "DVM_GIT_NAME": .text("Ann"),
            "DVM_GIT_EMAIL": .text("a@b"),
        ])
        #expect(settings.repository == Repository(address: "git@h:a", branch: "next"))
        #expect(settings.settle == Settle(git: GitIdentity(name: "Ann", email: "a@b")))
    }

    @Test func `take ports as a list too, and a text that a list was added to`() throws {
        let two = try settings(["DVM_PORTS": .text("3000:3000 5173:5173")]).ports
        #expect(try settings(["DVM_PORTS": .list(["3000:3000", "5173:5173"])]).ports == two)
        let three = try settings(["DVM_PORTS": .list(["3000:3000 5173:5173", "80:80"])]).ports
        #expect(three == two + [PortForward(host: 80, guest: 80)])
    }

    @Test func `open ports at the address for all of them, unless one has its own`() throws {
        let settings = try settings(["DVM_HOST_IP": .text("::1"), "DVM_PORTS": .text("80:80 127.0.0.1:81:81")])
        #expect(settings.ports == [PortForward(address: "::1", host: 80, guest: 80), PortForward(host: 81, guest: 81)])
    }

    @Test func `prefer a directory to what it would be below`() throws {
        let settings = try settings(["DVM_CODE_ROOT": .text("~/x"), "DVM_CODE_DIR": .text("~/y")])
        #expect(settings.codeDirectory == "~/y")
    }

    @Test func `go back to what is built in for an empty value`() throws {
        var reader = SettingsReader(for: try MachineName("app"), home: FilePath("/home/me"))
        reader.take(
            ["DVM_PORTS": .list(["80:80"]), "DVM_MEMORY": .text("8")],
            from: .init(origin: .file("/c/config.sh"))
        )
        reader.take(["DVM_PORTS": .list([]), "DVM_MEMORY": .text("")], from: .init(origin: .file("/c/vms/app.sh")))
        #expect(try reader.read().settings == Settings(for: try MachineName("app")))
    }

    @Test(arguments: [
        ("~/src", "~/src"), ("/home/me/src", "~/src"), ("/home/me/src/a", "~/src/a"),
        ("/home/meg/src", "/home/meg/src"), ("/srv/app", "/srv/app"),
    ])
    func `take a path below this host's home as one below the VM's`(value: String, path: String) throws {
        #expect(try settings(["DVM_CODE_DIR": .text(value)]).codeDirectory == path)
    }

    @Test(arguments: [
        ("DVM_CPUS", "0"), ("DVM_CPUS", "four"), ("DVM_CPUS", "-1"), ("DVM_CPUS", "2.5"), ("DVM_CPUS", "100000"),
        ("DVM_MEMORY", "little"), ("DVM_MEMORY", "100MiB"), ("DVM_DISK", "10MiB"), ("DVM_USER", "root"),
        ("DVM_USER", "dvm"), ("DVM_USER", "dvm-agent"), ("DVM_USER", "An Na"), ("DVM_USER", "-x"),
        ("DVM_CODE_DIR", "code"), ("DVM_CODE_DIR", "~"), ("DVM_CODE_DIR", "/"), ("DVM_CODE_DIR", "/srv/../etc"),
        ("DVM_CODE_DIR", "/home/me"), ("DVM_CODE_DIR", "~other/code"), ("DVM_CODE_DIR", "/srv/a\nb"),
        ("DVM_CODE_ROOT", "/"), ("DVM_CODE_ROOT", "code"), ("DVM_CODE_ROOT", "/a/../b"), ("DVM_PORTS", "80"),
        ("DVM_PORTS", "80:80 80:81"), ("DVM_HOST_IP", "localhost"), ("DVM_HOST_IP", "127.1"),
        ("DVM_TEMPLATE", "./mine.yaml"), ("DVM_TEMPLATE", "mine.yaml"), ("DVM_VM_TYPE", "qmeu"), ("DVM_ARCH", "arm64"),
        ("DVM_NETWORK", "bridged"),
        ("DVM_NO_BASELINE", "yes"), ("DVM_SUDO", "true"), ("DVM_SHELL", "../zsh"), ("DVM_SHELL", "zsh -l"),
        ("DVM_SUBUID_COUNT", "many"), ("DVM_SUBGID_COUNT", "-1"), ("DVM_SUBUID_COUNT", "9999999999"),
        ("DVM_REPO", "-oProxyCommand=x"), ("DVM_REPO", "ext::sh -c x"), ("DVM_REPO", "file:///etc"),
        ("DVM_REPO", "/srv/repo"), ("DVM_REPO", "http://example.org/x"), ("DVM_REPO", "git://example.org/x"),
        ("DVM_REPO", "https://me:secret@example.org/x"), ("DVM_REPO", "git@h:-x"), ("DVM_REPO", "ssh://-oX@h/x"),
        ("DVM_REPO_BRANCH", "main"), ("DVM_GIT_NAME", "A <b>"), ("DVM_GIT_EMAIL", "ann"), ("DVM_GIT_EMAIL", "a@b\nx"),
        ("DVM_TIMEZONE", "../etc/passwd"), ("DVM_TIMEZONE", "Vienna!"), ("DVM_LOCALE", "de;x"), ("DVM_SWAP", "yes"),
        ("DVM_SWAP", "1MiB"), ("DVM_SWAP", "zram:1TiB"), ("DVM_PROXY", "ftp://x"), ("DVM_PROXY", "http://u:p@x:1"),
        ("DVM_CA_CERTS", "corp.pem"), ("DVM_CA_CERTS", "/"), ("DVM_UNIT_TIMEOUT", "0"), ("DVM_UNIT_TIMEOUT", "25h"),
        ("DVM_RECIPES", "No"), ("DVM_RECIPES", "nosuch"),
    ])
    func `are refused with variable, value and file`(name: String, value: String) {
        let refusal = #expect(throws: Refusal.self) { try settings([name: .text(value)]) }
        #expect(refusal?.message.hasPrefix("\(name)=“\(value.printable)”, set in /c/vms/app.sh: ") == true)
    }

    @Test func `are refused when a list stands for one value`() {
        #expect(
            throws: Refusal(
                "DVM_CPUS=“(1 2)”, set in /c/vms/app.sh: it is a list",
                hint: "write one value, without parentheses"
            )
        ) { try settings(["DVM_CPUS": .list(["1", "2"])]) }
    }

    @Test func `are refused with the nearest name when a variable is unknown`() {
        #expect(
            throws: Refusal(
                "DVM_MEMROY, set in /c/vms/app.sh, is not a variable of dvm",
                hint: "did you mean DVM_MEMORY?"
            )
        ) { try settings(["DVM_MEMROY": .text("8")]) }
        let refusal = #expect(throws: Refusal.self) { try settings(["DVM_GREETING": .text("x")]) }
        #expect(refusal?.hint?.hasSuffix("`# dvm: vars: DVM_GREETING`") == true)
    }
}

@Suite struct `What VMs take over from this computer` {
    @Test(arguments: [(nil, 2), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (8, 6), (12, 10)] as [(Int?, Int)])
    func `is all CPUs but one or two`(processors: Int?, automatic: Int) throws {
        var host = HostFacts()
        host.processors = processors
        #expect(Settings(for: try MachineName("app"), on: host).processors == automatic)
    }

    @Test(
        arguments: [
            ("/usr/share/zoneinfo/Europe/Vienna", "Europe/Vienna"), ("../usr/share/zoneinfo/Etc/UTC", "Etc/UTC"),
            ("/var/db/timezone/zoneinfo/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"), ("", nil),
            ("/etc/elsewhere", nil), ("/usr/share/zoneinfo/../../x", nil), ("/usr/share/zoneinfo/", nil),
        ] as [(String, String?)]
    )
    func `is the time zone that /etc/localtime leads to`(link: String, name: String?) {
        #expect(HostFacts.timeZone(link: link) == name)
    }

    @Test(
        arguments: [
            ("de_AT.UTF-8", "de_AT.UTF-8"), ("en_US", "en_US"), ("ca_ES.UTF-8@valencia", "ca_ES.UTF-8@valencia"),
            ("C", nil), ("C.UTF-8", nil), ("POSIX", nil), ("", nil), ("de_AT.UTF-8;rm", nil), ("../x_XX", nil),
        ] as [(String, String?)]
    )
    func `is the language, where it says one`(name: String, locale: String?) {
        #expect(HostFacts.locale(name) == locale)
    }

    @Test func `gives way to what is written, and is said to be this computer's`() throws {
        var host = HostFacts()
        host.timeZone = "Europe/Vienna"
        host.locale = "de_AT.UTF-8"
        let taken = try settings([:], host: host)
        #expect(taken.system.timeZone == "Europe/Vienna")
        #expect(taken.origin(of: .timeZone) == .computer)
        let written = try settings(["DVM_TIMEZONE": .text("UTC"), "DVM_LOCALE": .text("C.UTF-8")], host: host)
        #expect(written.system == SystemOptions(timeZone: "UTC", locale: "C.UTF-8"))
    }
}

@Suite struct `The way to the internet` {
    private static let own = ["localhost", "127.0.0.1", "::1", "host.lima.internal"]

    private func proxy(_ text: String, _ environment: [String: String] = [:]) throws -> Proxy? {
        try settings(["DVM_PROXY": .text(text)], environment: environment).system.proxy
    }

    @Test func `is an address for everything`() throws {
        let address = "http://proxy.corp:3128"
        #expect(try proxy(address) == Proxy(http: address, https: address, exceptions: Self.own))
    }

    @Test(
        arguments: [
            (["https_proxy": "http://p:1", "HTTP_PROXY": "q:2"], "http://q:2", "http://p:1", []),
            (
                ["all_proxy": "socks5h://p:1", "no_proxy": "corp.org,.lan localhost"], "socks5h://p:1", "socks5h://p:1",
                ["corp.org", ".lan"]
            ),
            (["http_proxy": "http://a:1", "HTTP_PROXY": "http://b:1"], "http://a:1", nil, []),
        ] as [([String: String], String?, String?, [String])]
    )
    func `is that of this computer when asked for`(
        environment: [String: String],
        http: String?,
        https: String?,
        exceptions: [String]
    ) throws {
        #expect(try proxy("host", environment) == Proxy(http: http, https: https, exceptions: Self.own + exceptions))
    }

    @Test func `is none where this computer has none, and never taken without being asked for`() throws {
        #expect(try proxy("host") == nil)
        #expect(try settings([:], environment: ["https_proxy": "http://p:1"]).system.proxy == nil)
    }

    @Test(arguments: [
        ("http://127.0.0.1:3128", "http://host.lima.internal:3128"), ("localhost:1", "http://host.lima.internal:1"),
        ("http://[::1]:8/", "http://host.lima.internal:8/"), ("http://localhost.corp:1", "http://localhost.corp:1"),
        ("http://127.0.0.10:1", "http://127.0.0.10:1"),
    ])
    func `leads to this computer where its own loopback was meant`(written: String, inside: String) {
        #expect(ProxyValue.reachable(written) == inside)
    }

    @Test(arguments: [("http_proxy", "http://u:secret@p"), ("no_proxy", "a;secret")])
    func `is refused where the environment has what no VM can be told`(name: String, value: String) {
        let refusal = #expect(throws: Refusal.self) { try proxy("host", ["https_proxy": "http://p:1", name: value]) }
        #expect(refusal?.message.contains("the proxy variables of this computer's environment cannot be used") == true)
        #expect(refusal?.hint != nil)
        // A password is never repeated.
        if name == "http_proxy" { #expect(refusal?.message.contains("secret") == false) }
    }
}
