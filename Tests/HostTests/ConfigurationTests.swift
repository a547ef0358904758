import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Reading the configuration of a VM` {
    let fixture: HostFixture
    let app: MachineName
    var file: String { "\(fixture.root)/config/vms/app.sh" }
    var common: String { "\(fixture.root)/config/config.sh" }

    init() throws {
        fixture = try HostFixture()
        app = try MachineName("app")
    }

    private func store(_ more: [String: String] = [:]) throws -> ConfigurationStore {
        let environment = HostEnvironment(fixture.environment.merging(more) { _, new in new })
        var store = ConfigurationStore(paths: try Paths(environment), environment: environment, bundled: nil)
        // Whatever computer the tests run on.
        store.host = HostFacts()
        return store
    }

    private func load(_ more: [String: String] = [:]) async throws -> Settings {
        try await store(more).load(app).settings
    }

    /// The refusal for a VM's file of this text.
    private func refusal(_ text: String) async throws -> Refusal? {
        try fixture.write("config/vms/app.sh", text)
        do {
            _ = try await load()
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    @Test func `takes built-in values, then config.sh, then the VM's file, then the environment`() async throws {
        try fixture.write("config/config.sh", "DVM_CPUS=2\nDVM_MEMORY=8\nDVM_TEMPLATE=debian-12\n")
        try fixture.write("config/vms/app.sh", "DVM_MEMORY=16\nDVM_TEMPLATE=debian-13\n")

        var expected = Settings(for: app)
        expected.cpus = 2
        expected.memory = .gibibytes(16)
        expected.template = try Template("ubuntu-24.04")
        expected.origins = [
            .cpus: .file(common, lines: [1]), .memory: .file(file, lines: [1]), .template: .environment,
        ]
        #expect(try await load(["DVM_TEMPLATE": "ubuntu-24.04"]) == expected)
    }

    @Test func `takes nothing else from the environment`() async throws {
        // The fixture exports DVM_MEMORY and a name dvm does not know.
        try fixture.write("config/vms/app.sh", "")
        #expect(try await load() == Settings(for: app))
    }

    @Test func `gives the files exactly five variables`() async throws {
        try fixture.write("nonsense", "echo BASH_ENV was read; export LEAK=1\n")
        try fixture.write("config/vms/app.sh", "compgen -e | sort >&2; echo \"$DVM_NAME $USER $LANG $HOME\"\n")
        let printed = try await store().load(app).printed
        let ofBash: Set = ["PWD", "OLDPWD", "SHLVL", "_"]
        #expect(
            printed.filter { !ofBash.contains($0) } == [
                "DVM_NAME", "HOME", "LANG", "PATH", "USER", "app someone C \(fixture.root)/home",
            ]
        )
    }

    @Test func `lets functions of config.sh be used by the VM's file`() async throws {
        try fixture.write("config/config.sh", "ports() { DVM_PORTS=\"$1:$1 $2:$2\"; }\n")
        try fixture.write("config/vms/app.sh", "ports 3000 5173\n")
        #expect(try await load().ports == [PortForward(host: 3000, guest: 3000), PortForward(host: 5173, guest: 5173)])
    }

    @Test func `takes lists and strings, spaces and quotes as bash means them`() async throws {
        try fixture.write(
            "config/vms/app.sh",
            """
            DVM_PORTS=(3000:3000 \\
              "5173:5173")
            DVM_PORTS+=(8080:80)
            DVM_TEMPLATE='/images/it'"'"'s "mine" $HOME.yaml'
            """
        )
        let settings = try await load()
        #expect(settings.ports.map(\.description) == ["3000:3000", "5173:5173", "8080:80"])
        #expect(settings.template.base == #"/images/it's "mine" $HOME.yaml"#)
    }

    @Test(arguments: ["DVM_CODE_DIR=~/src/app", "DVM_CODE_DIR='~/src/app'", "DVM_CODE_DIR=$HOME/src/app"])
    func `means the home in the VM by a tilde`(line: String) async throws {
        try fixture.write("config/vms/app.sh", line)
        #expect(try await load().codeDirectory == "~/src/app")
    }

    @Test func `keeps what files print away from the values`() async throws {
        try fixture.write("config/vms/app.sh", "echo 'DVM_CPUS=9'; printf 'text\\0DVM_CPUS\\09\\0'; DVM_CPUS=2\n")
        let loaded = try await store().load(app)
        #expect(loaded.settings.cpus == 2)
        #expect(loaded.printed.first == "DVM_CPUS=9")
    }

    @Test func `gives files nothing to read`() async throws {
        try fixture.write("config/config.sh", "read -r line; echo \"read: $line\"\n")
        try fixture.write("config/vms/app.sh", "DVM_CPUS=2\n")
        #expect(try await store().load(app).printed == ["read: "])
    }

    @Test func `takes a file as it was, whatever it does to itself`() async throws {
        try fixture.write("config/config.sh", "printf 'DVM_CPUS=9\\n' >>vms/app.sh; printf '(' >config.sh\n")
        try fixture.write("config/vms/app.sh", "DVM_CPUS=2\n")
        #expect(try await load().cpus == 2)
        #expect(fixture.read("config/vms/app.sh") == "DVM_CPUS=2\nDVM_CPUS=9\n")
        // What it made of itself counts the next time.
        await #expect(throws: Refusal.self) { try await load() }
    }

    @Test func `finds the lines that set a variable by looking`() {
        let text = """
            DVM_CPUS=2
              export DVM_CPUS=3; DVM_PORTS[1]=80:80
            # DVM_CPUS=4
            : "${DVM_MEMORY:=8}" $DVM_DISK=x XDVM_DISK=1
            f() { DVM_PORTS+=(1:1) DVM_ARCH= ; }
            echo DVM_USER
            DVM_TEMPLATE=1 DVM_TEMPLATE=2
            \tDVM_SWAP=1
            DVM_SWAP=2
            DVM_SWAP=3
            DVM_SWAP=4
            """
        let lines = AssignmentLines(Array(text.utf8))
        #expect(lines["DVM_CPUS"] == [1, 2])
        #expect(lines["DVM_PORTS"] == [2, 5])
        #expect(lines["DVM_ARCH"] == [5])
        #expect(lines["DVM_TEMPLATE"] == [7])
        for name in ["DVM_DISK", "DVM_USER", "DVM_SWAP"] { #expect(lines[name] == []) }
    }

    @Test func `does not carry one file's options into the next`() async throws {
        try fixture.write("config/config.sh", "set -eu; trap 'echo trapped' EXIT\n")
        try fixture.write("config/vms/app.sh", "false; echo \"$UNSET_NAME\"; DVM_CPUS=2\n")
        #expect(try await load().cpus == 2)
    }

    @Test func `finds the file of a VM in a directory too`() async throws {
        try fixture.write("config/vms/app/config.sh", "DVM_CPUS=3\n")
        #expect(try await load().cpus == 3)
        #expect(try store().names() == [app])
    }

    @Test func `lists VMs by file and by directory, and nothing else`() async throws {
        for name in ["web.sh", "db/config.sh", "Bad Name.sh", "notes.txt", "empty/setup.sh", "dvm-odd.sh"] {
            try fixture.write("config/vms/\(name)", "")
        }
        #expect(try store().names().map(\.text) == ["db", "web"])
        try fixture.write("config/vms/.web.sh", "")
        try fixture.write("config/vms/Foo/config.sh", "")
        let vms = "\(fixture.root)/config/vms"
        let why =
            "it does not start with a lowercase letter; rename it: use lowercase letters, digits and hyphens, "
            + "starting with a letter, such as my-app"
        #expect(
            try store().misnamed() == [
                "\(vms)/Bad Name.sh is passed over: “Bad Name” cannot name a VM: \(why)",
                "\(vms)/Foo is passed over: “Foo” cannot name a VM: \(why)",
                "\(vms)/dvm-odd.sh is passed over: its name begins with dvm-; rename it: the VM is called odd",
            ]
        )
    }

    @Test func `keeps one VM's values out of another`() async throws {
        try fixture.write("config/config.sh", "DVM_PORTS+=(80:80); export DVM_DISK=70\n")
        try fixture.write("config/vms/app.sh", "DVM_CPUS=7; DVM_PORTS+=(81:81); export DVM_USER=ann\n")
        try fixture.write("config/vms/web.sh", "DVM_MEMORY=9\n")

        _ = try await load()
        let web = try await store().load(try MachineName("web")).settings
        #expect(
            web.origins == [
                .memory: .file("\(fixture.root)/config/vms/web.sh", lines: [1]),
                .ports: .file(common, lines: [1]), .disk: .file(common, lines: [1]),
            ]
        )
        #expect(web.ports == [PortForward(host: 80, guest: 80)])
    }

    // MARK: Bad input

    @Test func `refuses two files for one VM`() async throws {
        try fixture.write("config/vms/app/config.sh", "")
        #expect(
            try await refusal("")
                == Refusal(
                    "app has two configurations: \(file) and \(fixture.root)/config/vms/app/config.sh",
                    hint: "keep one of them"
                )
        )
    }

    @Test func `refuses a VM without a file and suggests the nearest`() async throws {
        try fixture.write("config/vms/api.sh", "")
        await #expect(
            throws: Refusal(
                "there is no VM called “app”",
                hint: "did you mean api? `dvm ls` shows the ones there are, `dvm init app` makes a new one"
            )
        ) { try await load() }
    }

    @Test func `refuses a syntax error with file and line`() async throws {
        let refusal = try await refusal("DVM_CPUS=2\n\nif true; do\n")
        #expect(refusal?.message.hasPrefix("\(file):3: syntax error near unexpected token `do'") == true)
        #expect(refusal?.hint == "correct it; the file is read as Bash")
    }

    @Test func `refuses a syntax error before any line has run`() async throws {
        _ = try await refusal("touch \(fixture.root)/was-run\n(\n")
        #expect(!fixture.exists("was-run"))
    }

    @Test func `refuses a command that does not exist with file and line`() async throws {
        #expect(
            try await refusal("DVM_CPUS=2\nDVM_MEMRY = 8\n")
                == Refusal(
                    "\(file):2: there is no command “DVM_MEMRY”",
                    hint: "correct the name, or define it as a function in config.sh"
                )
        )
    }

    @Test func `lets a file ask whether a command exists`() async throws {
        #expect(try await refusal("no-such-command || true\nif no-such-command; then :; fi\n") == nil)
    }

    @Test(arguments: [
        "exit 0", "exit 3", "set -e; false", "exec true", "kill -9 $$", #"printf 'list\0DVM_CPUS\0-1\0' >&9"#,
    ])
    func `refuses a file that ends bash`(line: String) async throws {
        let refusal = try await refusal("\(line)\nDVM_CPUS=2\n")
        #expect(refusal?.message.hasPrefix("\(file) ended bash before its last line (status ") == true)
    }

    @Test func `refuses an unknown variable with a suggestion`() async throws {
        #expect(
            try await refusal("DVM_MEMROY=8\n")
                == Refusal("DVM_MEMROY, set in \(file):1, is not a variable of dvm", hint: "did you mean DVM_MEMORY?")
        )
    }

    @Test func `refuses a wrong value with variable, value, file and remedy`() async throws {
        #expect(
            try await refusal("DVM_PORTS='80:80 99999:80'\n")
                == Refusal(
                    "DVM_PORTS=“80:80 99999:80”, set in \(file):1: “99999” in “99999:80” is not a port",
                    hint: "use a number from 1 to 65535"
                )
        )
    }

    @Test func `makes hostile values harmless in messages`() async throws {
        let refusal = try await refusal("DVM_CPUS=$'\\e[2J\\ndvm: error: x'\n")
        #expect(refusal?.message.contains("“\\u{1b}[2J\\u{a}dvm: error: x”") == true)
    }

    @Test func `refuses a file that changes the VM's name`() async throws {
        #expect(try await refusal("DVM_NAME=other\n")?.message == "\(file) changes DVM_NAME, which is the VM's name")
    }

    @Test func `refuses a file that takes too long, and ends what it started`() async throws {
        let evaluation = try Evaluation(
            of: app,
            in: FilePath(fixture.root),
            environment: HostEnvironment(fixture.environment)
        )
        var quick = evaluation
        quick.time = .milliseconds(300)
        let text = "sleep 60; touch \(fixture.root)/went-on\n"
        let began = ContinuousClock.now
        await #expect(
            throws: Refusal(
                "reading \(file) took too long and was ended",
                hint: "configuration only sets variables: take out what waits, asks or downloads"
            )
        ) { try await quick.evaluate([TrustedFiles.File(path: FilePath(file), bytes: Array(text.utf8))]) }
        #expect(began.duration(to: .now) < .seconds(20))
        #expect(!fixture.exists("went-on"))
    }

    @Test(arguments: [
        ("while :; do sleep 1; done", "wait_for_it", 0), ("DVM_CPUS=2; echo 'stage\\0'", "sleep 600", 1),
        ("wait_for_it() { sleep 600; }", "wait_for_it", 1),
    ])
    func `names the file of two that takes too long`(first: String, second: String, slow: Int) async throws {
        var evaluation = try Evaluation(
            of: app,
            in: FilePath(fixture.root),
            environment: HostEnvironment(fixture.environment)
        )
        // Long enough for all that ends.
        evaluation.time = .seconds(3)
        let files = [(common, first), (file, second)].map {
            TrustedFiles.File(path: FilePath($0.0), bytes: Array($0.1.utf8))
        }
        let refusal = await #expect(throws: Refusal.self) { try await evaluation.evaluate(files) }
        #expect(refusal?.message == "reading \(files[slow].path) took too long and was ended")
    }

    @Test func `refuses a file that prints without end`() async throws {
        #expect(try await refusal("yes\n")?.message == "too much is printed by \(file)")
    }

    @Test func `refuses a file that others can change`() async throws {
        try fixture.write("config/vms/app.sh", "DVM_CPUS=2\n", mode: 0o666)
        await #expect(throws: Refusal.self) { try await load() }
    }
}
