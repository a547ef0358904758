import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Uninstalling` {
    let stage: SyncStage

    init() throws {
        stage = try SyncStage()
        for name in ["lima.yaml", "units.json", "secrets.key", "sync.log"] {
            try stage.fixture.write("state/dvm/app/\(name)", "x")
        }
        try stage.fixture.write("cache/dvm/app.lock", "")
    }

    /// Puts the program, recipes and a link below a prefix, with a list of them.
    ///
    /// What is listed as the program is a few bytes beside the one that runs, unless it is to be the whole: comparing
    /// that takes a debug build seconds.
    private func install(whole: Bool = false) throws -> String {
        let prefix = "\(stage.fixture.root)/prefix"
        let program =
            whole
            ? #"strip -o prefix/bin/dvm-host "$DVM"; program=dvm-host"#
            : #"{ ln "$DVM" prefix/bin/dvm-run 2>&- || cp "$DVM" prefix/bin/dvm-run; }; echo program >prefix/bin/dvm-host; program=dvm-run"#
        let outcome = try stage.run(
            """
            mkdir -p prefix/bin prefix/share/dvm/recipes; \(program); ln -s $program prefix/bin/dvm
            echo recipe >prefix/share/dvm/recipes/one.sh; echo two >prefix/share/dvm/recipes/two.sh
            cd prefix && { echo "link:$program bin/dvm"; for file in share/dvm/recipes/*.sh bin/dvm-host; do
                echo "$(sha256sum $file | cut -c 1-64) $file"; done; } >share/dvm/manifest
            """
        )
        #expect(outcome == .init(status: 0, output: "", errors: ""))
        return prefix
    }

    @Test func `takes what is dvm's, and leaves what the person wrote`() throws {
        let prefix = try install(whole: true)
        let listed = try stage.run("\(prefix)/bin/dvm uninstall")
        #expect(listed.status == 0)
        #expect(listed.output.contains("\(prefix)/bin/dvm-host\n"))
        #expect(listed.errors.contains("nothing was removed"))
        #expect(stage.fixture.exists("prefix/bin/dvm"))

        #expect(try stage.run("\(prefix)/bin/dvm uninstall --yes").status == 0)
        for path in ["state/dvm", "cache/dvm", "prefix/share/dvm", "prefix/bin/dvm", "prefix/bin/dvm-host"] {
            #expect(!stage.fixture.exists(path), "\(path)")
        }
        #expect(stage.fixture.exists("config/vms/app.sh"))
        #expect(stage.fixture.exists("prefix/bin"))
    }

    @Test(arguments: ["--dry-run", "--yes --dry-run", ""])
    func `only tells without --yes`(words: String) throws {
        let prefix = try install()
        try stage.fixture.write("home/.ssh/config", "Host x\n")
        #expect(try stage.run("\(prefix)/bin/dvm ssh-config --install").status == 0)
        let outcome = try stage.run("\(prefix)/bin/dvm uninstall \(words)")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("\(prefix)/bin/dvm-host\n"))
        #expect(outcome.errors.contains(".ssh/config goes, and nothing else in it"), "\(outcome)")
        for path in ["state/dvm/app/units.json", "prefix/bin/dvm", "cache/dvm/app.lock"] {
            #expect(stage.fixture.exists(path), "\(path)")
        }
        #expect(try stage.run("\(prefix)/bin/dvm uninstall --yes").status == 0)
        #expect(stage.fixture.read("home/.ssh/config") == "Host x\n")
    }

    @Test func `is not kept from it by a configuration of ssh that is a link`() throws {
        let prefix = try install()
        try stage.fixture.write("dotfiles/config", "Host x\n")
        try stage.fixture.makeDirectory("home/.ssh")
        try stage.fixture.link("home/.ssh/config", to: "\(stage.fixture.root)/dotfiles/config")
        let outcome = try stage.run("\(prefix)/bin/dvm uninstall --yes")
        #expect(outcome.status == 0)
        #expect(!outcome.errors.contains("is a link"))
        #expect(!stage.fixture.exists("prefix/bin/dvm"))
        #expect(stage.fixture.read("dotfiles/config") == "Host x\n")
    }

    @Test func `leaves what it cannot prove to be its own`() throws {
        let prefix = try install()
        try stage.fixture.write("prefix/share/dvm/recipes/one.sh", "changed by hand\n")
        try stage.fixture.write("prefix/share/dvm/recipes/mine.sh", "mine\n")
        try stage.fixture.write("state/dvm/app/notes.txt", "mine")
        // Of a VM that is where Lima is told to keep it at other times.
        try stage.fixture.write("state/dvm/copy/copied.json", "{}")
        try stage.fixture.write("state/dvm/Photos/x.log", "mine")
        try stage.fixture.write("elsewhere/units.json", "mine")
        try stage.fixture.link("state/dvm/web", to: "\(stage.fixture.root)/elsewhere")
        let manifest = try #require(stage.fixture.read("prefix/share/dvm/manifest"))
        // A list can name nothing beside its prefix.
        let digest = "2d8bd7d9bb5f85ba643f0110d50cb506a1fe439e769a22503193ea6046bb87f7"
        try stage.fixture.write("prefix/share/dvm/manifest", manifest + "link:x ../outside\n\(digest) /etc/hosts\n")
        let outcome = try stage.run("\(prefix)/bin/dvm uninstall --yes")
        #expect(outcome.status == 0)
        for path in [
            "prefix/share/dvm/recipes/one.sh", "prefix/share/dvm/recipes/mine.sh", "state/dvm/app/notes.txt",
            "state/dvm/copy/copied.json", "state/dvm/Photos/x.log", "elsewhere/units.json", "state/dvm/web",
        ] {
            #expect(stage.fixture.exists(path), "\(path)")
        }
        #expect(outcome.errors.contains("one.sh stays"))
        #expect(!stage.fixture.exists("prefix/share/dvm/recipes/two.sh"))
        #expect(!stage.fixture.exists("state/dvm/app/units.json"))
    }

    @Test func `waits until the VMs are gone`() throws {
        let prefix = try install()
        try stage.fixture.makeDirectory("lima/dvm-app")
        let outcome = try stage.run("\(prefix)/bin/dvm uninstall --yes")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("there are VMs still: app\nhint: `dvm rm app --yes` deletes"))
        #expect(stage.fixture.exists("state/dvm/app/units.json"))
    }

    @Test(
        arguments: [
            // Each is `lima`, made otherwise: a root that tests run as may read what is closed.
            ("a file", "rmdir lima; echo x >lima"),
            ("a link to a disk that is gone", "rmdir lima; ln -s gone/lima lima"),
            ("below something that is gone", "rmdir lima; export LIMA_HOME=$PWD/gone/lima"),
            ("a link to itself", "rmdir lima; ln -s lima lima"),
        ]
    )
    func `removes nothing where it is not known whether there are VMs`(what: String, script: String) throws {
        let prefix = try install()
        let outcome = try stage.run("\(script); \(prefix)/bin/dvm uninstall --yes")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("it is not known whether there are VMs: "), "\(outcome)")
        #expect(outcome.errors.contains("hint: see `ls -ld "))
        for path in ["state/dvm/app/units.json", "cache/dvm/app.lock", "prefix/bin/dvm-host"] {
            #expect(stage.fixture.exists(path), "\(path)")
        }
    }

    @Test func `goes well where Lima never was`() throws {
        let prefix = try install()
        let outcome = try stage.run("rmdir lima; \(prefix)/bin/dvm uninstall --yes")
        #expect(outcome.status == 0, "\(outcome)")
        #expect(!stage.fixture.exists("prefix/bin/dvm"))
    }

    /// The VMs: one with a lock of old, one that is only configured, and one that is only remembered.
    @Test(arguments: ["app", "web", "old"])
    func `waits until no other dvm is at work, and says which is`(name: String) async throws {
        let prefix = try install()
        try stage.fixture.write("config/vms/web.sh", "")
        try stage.fixture.write("state/dvm/old/units.json", "{}")
        let vm = try MachineName(name)
        var lock: Lock? = try await Lock.take(vm, in: stage.session().paths.cache, for: "sync") { _ in }
        let outcome = try stage.run("\(prefix)/bin/dvm uninstall --yes")
        #expect(
            outcome
                == .init(
                    status: 1,
                    output: "",
                    errors: """
                        dvm: error: dvm sync \(name) (process \(getpid())) is working on \(name)
                        hint: wait until it has ended, or end it, and run `dvm uninstall --yes` again

                        """
                )
        )
        #expect(stage.fixture.exists("state/dvm/app/units.json") && stage.fixture.exists("prefix/bin/dvm"))
        // Only to list takes no lock.
        #expect(try stage.run("\(prefix)/bin/dvm uninstall").status == 0)

        withExtendedLifetime(lock) {}
        lock = nil
        #expect(try stage.run("\(prefix)/bin/dvm uninstall --yes").status == 0)
        #expect(!stage.fixture.exists("cache/dvm"))
    }

    @Test func `leaves what only looks like a lock, and directories it cannot look into`() throws {
        let prefix = try install()
        try stage.fixture.write("cache/dvm/My Notes.lock", "mine")
        try stage.fixture.write("cache/dvm/dvm-app.lock", "mine")
        #expect(try stage.run("\(prefix)/bin/dvm uninstall --yes").status == 0)
        #expect(stage.fixture.read("cache/dvm/My Notes.lock") == "mine")
        #expect(stage.fixture.read("cache/dvm/dvm-app.lock") == "mine")
        #expect(!stage.fixture.exists("cache/dvm/app.lock"))
    }

    @Test func `removes no program that came without a list`() throws {
        let outcome = try stage.run(#""$DVM" uninstall --yes"#)
        #expect(outcome.status == 0)
        #expect(outcome.errors.contains("dvm's programs stay"))
        #expect(stage.fixture.exists("bin/dvm"))
    }

    @Test(
        arguments: [
            "", "x", "link:", "../x", "0123 bin/x", String(repeating: "a", count: 64),
            "\(String(repeating: "a", count: 64)) ../x", "\(String(repeating: "a", count: 64)) /x",
            "\(String(repeating: "a", count: 64)) a/../../x", "\(String(repeating: "G", count: 64)) x", "link:x ",
        ]
    )
    func `passes over what is no line of a list`(line: String) {
        #expect(InstalledFiles(prefix: "/p", manifest: "\(line)\n").entries == [])
    }
}
