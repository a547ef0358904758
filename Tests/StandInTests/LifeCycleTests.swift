import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Starting and stopping` {
    let stage: SyncStage

    init() throws { stage = try SyncStage() }

    /// Makes VMs that Lima lists, such as `app Running`.
    private func list(_ vms: String...) throws {
        let lines = vms.map { vm in
            let words = vm.split(separator: " ").map(String.init)
            return ListedVM.line(words[1], name: "dvm-\(words[0])")
        }
        try stage.fixture.write("list.json", lines.joined() + ListedVM.line("Running", name: "default"))
    }

    @Test func `a VM is started as it is, once`() throws {
        try list("app Stopped")
        #expect(try stage.run(#""$DVM" start app && "$DVM" start app"#).status == 0)
        #expect(stage.fixture.changes == ["start --tty=false dvm-app"])
        #expect(stage.fixture.read("err")?.contains("app runs already") == true)
    }

    @Test func `several are started, each whatever becomes of the others`() throws {
        for name in ["web", "bad", "new"] { try stage.fixture.write("config/vms/\(name).sh", "") }
        try stage.fixture.write("config/vms/bad.sh", "DVM_CPUS=x\n")
        try list("app Stopped", "bad Stopped", "old Stopped", "web Running")
        let all = try stage.run(#""$DVM" start --all"#)
        #expect(all.status == 1)
        #expect(stage.fixture.changes == ["start --tty=false dvm-app"])
        #expect(all.errors.contains("• old has no configuration, and is left as it is\n"))
        #expect(
            all.errors.hasSuffix(
                """
                dvm start --all: 1 started, 1 skipped, 1 failed
                dvm: error: 1 of 3 VMs could not be started: bad

                """
            ),
            "\(all.errors)"
        )
        let named = try stage.run(#""$DVM" start app web new"#)
        #expect(named.status == 1)
        #expect(named.errors.contains("new | ✗ new has not been made yet\n"), "\(named.errors)")
        #expect(named.errors.contains("\ndvm start app web new: 0 started, 2 skipped, 1 failed\n"))
    }

    @Test func `one that was never made is not, as Lima would make another`() throws {
        let outcome = try stage.run(#""$DVM" start app"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors == "dvm: error: app has not been made yet\nhint: `dvm sync app` makes it\n")
        #expect(stage.fixture.changes == [])
    }

    @Test func `a restart stops and starts it`() throws {
        try list("app Running")
        #expect(try stage.run(#""$DVM" restart app"#).status == 0)
        #expect(stage.fixture.changes == ["stop --tty=false dvm-app", "start --tty=false dvm-app"])
    }

    @Test func `a restart does not stop what could not be started again`() throws {
        let unsafe = ListedVM.line("Running").replacing("\"plain\":true", with: "\"plain\":false")
        try stage.fixture.write("list.json", unsafe)
        #expect(try stage.run(#""$DVM" restart app"#).status == 1)
        try stage.fixture.write("config/vms/app.sh", "DVM_CPUS=x\n")
        #expect(try stage.run(#""$DVM" restart app"#).status == 1)
        #expect(stage.fixture.changes == [])
    }

    @Test func `all of dvm's are stopped, and nobody else's`() throws {
        try list("app Running", "old Running", "web Stopped")
        let outcome = try stage.run(#""$DVM" stop --all"#)
        #expect(outcome.status == 0)
        #expect(outcome.errors.hasSuffix("\ndvm stop --all: 2 stopped, 1 skipped, 0 failed\n"))
        #expect(Set(stage.fixture.changes) == ["stop --tty=false dvm-app", "stop --tty=false dvm-old"])
    }

    @Test func `one that fails does not keep the others from it`() throws {
        try list("app Running", "web Broken")
        // Lima refuses to stop what does not run.
        try stage.fixture.write("fail-stop-dvm-web", "level=fatal msg=\"expected status Running\"\n")
        let outcome = try stage.run(#""$DVM" stop --all"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("\ndvm stop --all: 1 stopped, 0 skipped, 1 failed\n"))
        #expect(outcome.errors.contains("`dvm stop --force web` switches it off"))
    }

    @Test(arguments: ["stop app", "stop --all", "stop --force app", "restart app", "clone app web"])
    func `one that Lima only says it stopped does not count as stopped`(words: String) throws {
        try list("app Running")
        try stage.fixture.write("lying-stop", "")
        let outcome = try stage.run("\"$DVM\" \(words)")
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.contains("limactl ended without a complaint, and Lima says that app is running"),
            "\(outcome.errors)"
        )
        #expect(stage.fixture.changes.count == 1, "\(stage.fixture.changes)")
    }

    @Test func `with --inactive, only where nothing works, as far as that is known`() throws {
        try stage.recipe("llama", nil, "service: llama.service")
        try stage.fixture.write("config/vms/app.sh", "use llama\n")
        for name in ["busy", "web"] { try stage.fixture.write("config/vms/\(name).sh", "") }
        try list("app Running", "busy Running", "web Running", "off Stopped", "orphan Running", "bad Broken")
        try stage.fixture.write(
            "vm/dvm-busy/activity",
            #"{"sessions":1,"programs":["tmux\u001b[2J"],"services":[]}"#
        )
        try stage.fixture.write("vm/dvm-app/activity", #"{"sessions":0,"programs":[],"services":["llama.service"]}"#)
        let outcome = try stage.run(#""$DVM" stop --inactive"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("\ndvm stop --all --inactive: 1 stopped, 3 skipped, 2 failed\n"))
        #expect(outcome.errors.contains(#"busy goes on: 1 session of an AI tool, tmux\u{1b}[2J"#))
        #expect(outcome.errors.contains("app goes on: llama.service"))
        #expect(outcome.errors.contains("it is not known whether anything works in orphan, so it goes on:"))
        #expect(outcome.errors.contains("Lima says that it is broken"))
        #expect(stage.fixture.changes == ["stop --tty=false dvm-web"])
        #expect(stage.asked() == ["activity llama.service"])
    }

    @Test func `one VM goes on where something works in it`() throws {
        try list("app Running")
        try stage.fixture.write("vm/dvm-app/activity", #"{"sessions":0,"programs":["node"],"services":[]}"#)
        #expect(try stage.run(#""$DVM" stop app --inactive"#).status == 0)
        #expect(stage.fixture.changes == [])
        try stage.fixture.remove("vm/dvm-app/activity")
        #expect(try stage.run(#""$DVM" stop app --inactive"#).status == 0)
        #expect(stage.fixture.changes == ["stop --tty=false dvm-app"])
    }

    @Test(
        arguments: [
            ("start app", "start", "Stopped"), ("start app web", "start", "Stopped"), ("ports app", "start", "Stopped"),
            ("stop app", "stop", "Running"), ("stop --all", "stop", "Running"),
        ]
    )
    func `what Lima does is ended before dvm is`(words: String, verb: String, status: String) throws {
        try list("app \(status)", "web \(status)")
        try stage.fixture.write("config/vms/web.sh", "")
        try stage.fixture.write("pause-\(verb)", "60")
        let outcome = try stage.run(
            """
            set -m; "$DVM" \(words) & pid=$!
            for i in $(seq 600); do grep -qs '^\(verb) ' "$ROOT/calls" && break; sleep 0.1; done
            kill -TERM "$pid"; wait "$pid"; echo $?; pgrep -f "$ROOT/bin/limactl \(verb)"
            """
        )
        #expect(outcome.output == "143\n", "\(outcome)")
        #expect(outcome.errors.contains("interrupted; `dvm ls` shows wh"), "\(outcome)")
        #expect(!outcome.errors.contains("CancellationError"), "\(outcome)")
    }

    @Test(arguments: ["stop", "stop app --all", "start", "start app --all", "restart"])
    func `it must be clear which VM is meant`(words: String) throws {
        #expect(try stage.run("\"$DVM\" \(words)").status == 64)
        #expect(stage.fixture.changes == [])
    }

    @Test(
        arguments: [
            ("start app", "start dvm-app, where it does not run"),
            ("start --all", "start every VM that has been made and does not run"),
            ("restart app", "stop dvm-app, where it runs, and start it"),
            ("restart app --force", "switch off dvm-app, where it runs, and start it"),
            ("stop app", "stop dvm-app, keeping everything in it, where it runs"),
            ("stop --all --force", "switch off every VM of dvm's that runs"),
            ("stop --inactive", "stop every VM of dvm's that runs and nothing works in it, keeping everything in them"),
            (
                "reset app --yes",
                "delete dvm-app with everything in it, unless it may hold work that is nowhere else, and"
            ),
            ("rm app", "delete dvm-app with everything in it, unless it may hold work that is nowhere else; its"),
            ("rm app --force --config", "delete dvm-app with everything in it; its configuration would go, too"),
            (
                "clone app web",
                "stop dvm-app where it runs, copy it and its configuration, and give the copy an identity"
            ),
            ("snapshot create app x", "make the snapshot “x” of dvm-app"),
            ("snapshot restore app x", "put dvm-app back to “x”, unless it may hold work that is nowhere else"),
            ("snapshot restore app x --force", "put dvm-app back to “x”; nothing"),
            ("snapshot rm app x", "remove the snapshot “x” of dvm-app"),
            ("ssh-config --install", "put one line at the top of"),
            ("ssh-config --remove", "change nothing in"),
        ]
    )
    func `is tried without doing it`(words: String, told: String) throws {
        try list("app Running")
        for script in ["\"$DVM\" \(words) --dry-run", "DVM_DRY_RUN=1 \"$DVM\" \(words)"] {
            let outcome = try stage.run(script)
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("would \(told)"), "\(outcome)")
        }
        #expect(!stage.fixture.exists("calls"))
        #expect(!stage.fixture.exists("state"))
    }

    @Test(arguments: ["start", "restart", "stop", "rm", "reset", "clone", "snapshot create"])
    func `a mistyped name is told, and nothing is left of it`(verb: String) throws {
        try list("app Running")
        let rest = ["clone": "web", "snapshot create": "x"][verb] ?? ""
        for flag in ["--dry-run", "rm reset".contains(verb) ? "--yes" : ""] {
            let outcome = try stage.run("\"$DVM\" \(verb) apo \(rest) \(flag)")
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("there is no VM called “apo”"), "\(outcome)")
            #expect(outcome.errors.contains("did you mean app?"), "\(outcome)")
        }
        #expect(stage.fixture.changes == [])
        #expect(!stage.fixture.exists("state/dvm/apo"))
        for name in ["apo", "web"] { #expect(!stage.fixture.exists("cache/dvm/\(name).lock")) }
    }

    @Test func `a guest that says nothing is waited for only so long`() async throws {
        try list("app Running")
        try stage.fixture.write("vm/dvm-app/silent", "")
        let session = try stage.session()
        let limactl = try Limactl(session.environment)
        let instance = try #require(try await limactl.instance(of: stage.app))
        let question = GuestQuestion(vm: stage.app, limactl: limactl, session: session, patience: .milliseconds(500))
        await #expect(throws: Refusal.self) { try await question.activity(of: instance) }
    }
}

@Suite struct `Listing VMs` {
    /// What is there is in no doubt: only what Lima does with it is.
    @Test(arguments: ["missing", "old", "failing"])
    func `lists what this computer knows where Lima cannot be asked, and says why`(trouble: String) throws {
        let stage = try SyncStage()
        try stage.fixture.write("config/vms/web.sh", "")
        try stage.fixture.makeDirectory("lima/dvm-web")
        try stage.fixture.makeDirectory("lima/dvm-old")
        try stage.fixture.makeDirectory("lima/default")
        var variables = ["LIMA_HOME": "\(stage.fixture.root)/lima"]
        let words: String
        switch trouble {
        case "missing":
            try stage.fixture.remove("bin/limactl")
            variables["PATH"] = "\(stage.fixture.root)/bin:/nonexistent"
            words = "dvm: error: limactl is not on PATH\nhint: install Lima"
        case "old":
            try stage.fixture.installLimactl(version: "1.0.0")
            words = "dvm: error: Lima 1.0.0 lets any user"
        default:
            try stage.fixture.write("fail-list", "level=fatal msg=broken\n")
            words = "dvm: error: `limactl list` failed (status 1)"
        }
        // Which version of Lima it is matters to what talks to VMs.
        let listing = trouble == "old" ? "ls --fresh" : "ls"
        let table = try stage.run("\"$DVM\" \(listing)", variables)
        #expect(table.status == 1)
        #expect(
            table.output.split(separator: "\n").map { $0.split(separator: " ").prefix(2).joined(separator: " ") } == [
                "NAME STATE", "app absent", "old unknown", "web unknown",
            ]
        )
        #expect(table.errors.contains(words), "\(table.errors)")
        let json = try stage.run("\"$DVM\" \(listing) --json --only-config", variables)
        #expect(json.status == 1)
        let rows = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
        #expect(rows.map { $0["state"] as? String } == ["absent", "unknown"])
        // As a program completes names by it.
        #expect(try stage.run(#""$DVM" ls --names"#, variables) == .init(status: 0, output: "app\nweb\n", errors: ""))
    }

    @Test(arguments: ["ls", "sync --all --dry-run", "start --all"])
    func `warns of files whose names cannot be those of VMs`(words: String) throws {
        let stage = try SyncStage()
        try stage.fixture.write("config/vms/Foo.sh", "")
        let outcome = try stage.run("\"$DVM\" \(words)")
        #expect(outcome.status == 0)
        let file = "\(stage.fixture.root)/config/vms/Foo.sh"
        #expect(
            outcome.errors.contains("• warning: \(file) is passed over: “Foo” cannot name a VM"),
            "\(outcome.errors)"
        )
    }

    @Test func `shows what a VM said last, and asks on request`() throws {
        let stage = try SyncStage()
        try stage.fixture.write("list.json", ListedVM.line("Running"))
        try stage.fixture.write("vm/dvm-app/activity", #"{"sessions":2,"programs":[],"services":[]}"#)
        #expect(try stage.run(#""$DVM" ls"#).output.contains("app   running"))
        #expect(stage.asked() == [])
        try stage.fixture.write("vm/dvm-app/work", #"{"loose":{"count":1,"examples":["notes.txt"]}}"#)
        let fresh = try stage.run(#""$DVM" ls --fresh"#).output
        #expect(fresh.contains("2 (now)") && fresh.contains("at risk (now)"), "\(fresh)")
        #expect(stage.asked() == ["activity", "work"])
        #expect(try stage.run(#""$DVM" ls --json"#).output.contains(#""sessions" : 2"#))
        try stage.fixture.write("list.json", ListedVM.line("Stopped") + ListedVM.line(name: "dvm-old"))
        // A session does not outlive its VM's run, and work does.
        let stopped = try stage.run(#""$DVM" ls"#).output
        #expect(!stopped.contains("2 (") && stopped.contains("at risk ("), "\(stopped)")
        #expect(try stage.run(#""$DVM" ls --only-config"#).output.contains("old") == false)
        #expect(stage.asked() == ["activity", "work"])
    }

    @Test(
        arguments: [
            ("{}", "none"), (#"{"loose":{"count":-1,"examples":[]}}"#, "at risk"), (#"{"unknown":["x"]}"#, "not known"),
            (#"{"sessions":[{"id":"x","tool":"x"}]}"#, nil), (#"{"omitted":"\u001b"}"#, nil),
        ]
    )
    func `remembers of work what was found by whoever looked`(work: String, shown: String?) throws {
        let stage = try SyncStage()
        try stage.fixture.write("list.json", ListedVM.line("Running"))
        try stage.fixture.write("vm/dvm-app/work", work)
        #expect(try stage.run(#""$DVM" work app"#).status == (shown == "none" ? 0 : 1))
        let row = try stage.run(#""$DVM" ls"#).output
        for word in ["none", "at risk", "not known"] {
            #expect(row.contains("\(word) (now)") == (word == shown), "\(row)")
        }
    }

    @Test func `does not wait for ever for one that says nothing`() async throws {
        let stage = try SyncStage()
        try stage.fixture.write("list.json", ListedVM.line("Running"))
        try stage.fixture.write("vm/dvm-app/silent-work", "")
        let session = try stage.session()
        let limactl = try Limactl(session.environment)
        let instance = try #require(try await limactl.instance(of: stage.app))
        let question = GuestQuestion(vm: stage.app, limactl: limactl, session: session, patience: .seconds(2))
        await #expect(throws: Refusal.self) { try await question.everything(of: instance) }
        // What it did say is remembered.
        #expect(session.state(of: stage.app).contact?.sessions == 0)
        #expect(session.state(of: stage.app).work == nil)

        let route = try GuestConnection.Route(limactl, to: stage.app, session, note: { _ in })
        let guest = try GuestConnection.open(stage.app, route, architecture: "x86_64")
        #expect(throws: CancellationError.self) {
            try guest.perform(.work, as: WorkReport.self, within: .milliseconds(200))
        }
    }

    @Test func `shows when a VM was synced`() async throws {
        let stage = try SyncStage()
        _ = try await stage.sync()
        #expect(try stage.session().state(of: stage.app).synced != nil)
        #expect(try stage.run(#""$DVM" ls"#).output.contains("now"))
    }
}

@Suite struct `Resetting and removing` {
    let stage: SyncStage

    init() throws {
        stage = try SyncStage("use one\n")
        try stage.recipe("one")
        try stage.fixture.write("list.json", ListedVM.line("Running"))
    }

    @Test func `a reset deletes and makes anew`() throws {
        let outcome = try stage.run(#""$DVM" reset app --yes"#)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(
            stage.fixture.changes == [
                "delete --tty=false --force dvm-app",
                "create --tty=false --name dvm-app \(stage.fixture.root)/state/dvm/app/lima.yaml",
                "start --tty=false dvm-app",
            ]
        )
        #expect(stage.said() == ["one"])
    }

    @Test func `needs to be meant`() throws {
        #expect(try stage.run(#""$DVM" reset app"#).status == 1)
        #expect(stage.fixture.changes == [])
    }

    @Test(
        arguments: [
            ("DVM_CPUS=x\n", "DVM_CPUS"), ("use nothing-such\n", "nothing-such"), ("use needy\n", "THE_TOKEN"),
            ("exit 3\n", "app.sh"),
        ]
    )
    func `a reset deletes nothing when the configuration is wrong`(text: String, message: String) throws {
        try stage.recipe("needy", nil, "secrets: THE_TOKEN")
        try stage.fixture.write("config/vms/app.sh", text)
        let outcome = try stage.run(#""$DVM" reset app --yes --force"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(stage.fixture.changes == [])
    }

    @Test(arguments: ["reset", "rm"])
    func `work keeps a VM`(verb: String) throws {
        try stage.fixture.write("vm/dvm-app/work", #"{"loose":{"count":1,"examples":["notes.txt"]}}"#)
        let outcome = try stage.run("\"$DVM\" \(verb) app --yes")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("`dvm \(verb) app --yes --force`"))
        #expect(stage.fixture.changes == [])
        #expect(try stage.run("\"$DVM\" \(verb) app --yes --force").status == 0)
        #expect(stage.fixture.changes.first == "delete --tty=false --force dvm-app")
    }

    @Test(arguments: ["reset", "rm"], ["Running", "Stopped"])
    func `snapshots keep a VM, and it is not even started`(verb: String, status: String) throws {
        try stage.fixture.write("list.json", ListedVM.line(status))
        try stage.fixture.write("snapshots", "before\nafter\n")
        let outcome = try stage.run("\"$DVM\" \(verb) app --yes")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("app has snapshots, which go with it"), "\(outcome)")
        #expect(outcome.errors.contains("“before”, “after”"), "\(outcome)")
        #expect(outcome.errors.contains("`dvm \(verb) app --yes --force` does it all the same"), "\(outcome)")
        #expect(stage.fixture.changes == [] && stage.asked() == [])
        let forced = try stage.run("\"$DVM\" \(verb) app --yes --force")
        #expect(forced.status == 0, "\(forced)")
        #expect(forced.errors.contains("lost with app: its snapshots “before”, “after”"), "\(forced)")
        #expect(stage.fixture.changes.first == "delete --tty=false --force dvm-app")
    }

    @Test(arguments: ["reset", "rm"])
    func `snapshots that Lima does not tell of keep it, too`(verb: String) throws {
        try stage.fixture.write("fail-snapshot", "level=fatal msg=\"no\"\n")
        // It has a disk.
        try stage.fixture.write("lima/dvm-app/diffdisk", "")
        let outcome = try stage.run("\"$DVM\" \(verb) app --yes")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("it is not known whether app has snapshots"), "\(outcome)")
        #expect(stage.fixture.changes == [])
        let forced = try stage.run("\"$DVM\" \(verb) app --yes --force")
        #expect(forced.errors.contains("whatever snapshots app has are lost"), "\(forced)")
        #expect(stage.fixture.changes == ["delete --tty=false --force dvm-app"])
    }

    @Test func `a reset makes nothing anew when Lima says it deleted and did not`() throws {
        try stage.fixture.makeDirectory("lima/dvm-app")
        let outcome = try stage.run(#""$DVM" reset app --yes"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("app is not gone"))
        #expect(stage.fixture.changes == ["delete --tty=false --force dvm-app"])
    }

    /// What is remembered of a VM that was there, all kinds of it.
    private func remember() throws {
        for name in VMState.files { try stage.fixture.write("state/dvm/app/\(name)", "{}") }
    }

    private static let kept: Set<String> = ["lima.yaml", "secrets.key"]

    private var remembered: Set<String> {
        VMState.files.filter { stage.fixture.exists("state/dvm/app/\($0)") }
    }

    @Test(
        arguments: [("rm app --yes", "delete", "is there still"), ("restart app", "stop", "`dvm start app` starts it")]
    )
    func `an interruption is waited for, and told`(words: String, verb: String, told: String) throws {
        try stage.fixture.write("pause-\(verb)", "60")
        let outcome = try stage.run(
            """
            set -m; "$DVM" \(words) & pid=$!
            for i in $(seq 600); do grep -qs '^\(verb) ' "$ROOT/calls" && break; sleep 0.1; done
            kill -INT "$pid"; wait "$pid"
            """
        )
        #expect(outcome.status == 130, "\(outcome)")
        #expect(outcome.errors.contains("interrupted; `dvm ls` shows whether app"), "\(outcome)")
        #expect(outcome.errors.contains(told), "\(outcome)")
    }

    @Test func `nothing is remembered of a VM that is gone, the way ssh reaches it above all`() throws {
        try remember()
        try stage.fixture.remove("state/dvm/app/copied.json")
        #expect(try stage.run(#""$DVM" rm app --yes"#).status == 0)
        #expect(remembered == Self.kept)
    }

    @Test func `what Lima alone deleted is forgotten`() throws {
        try stage.fixture.write("list.json", "")
        try remember()
        let outcome = try stage.run(#""$DVM" rm app --yes"#)
        #expect(outcome.status == 0)
        #expect(outcome.errors.contains("app has not been made, so there is no VM to delete"))
        #expect(remembered == Self.kept)
        #expect(stage.fixture.changes == [])
    }

    @Test func `a VM that no configuration is of is deleted when it says that it holds nothing`() throws {
        try stage.fixture.write("list.json", ListedVM.line("Running", name: "dvm-old"))
        #expect(try stage.run(#""$DVM" rm old --yes"#).status == 0)
        #expect(stage.asked("old") == ["work"])
        #expect(stage.fixture.changes == ["delete --tty=false --force dvm-old"])
        #expect(stage.fixture.read("list.json") == "")
    }

    @Test(
        arguments: [
            ("dvm-old", "Stopped", "", "old", "is not started without a configuration"),
            ("dvm-app", "Broken", "", "app", "Lima says that dvm-app is broken"),
            ("dvm-app", "Stopped", "DVM_CPUS=x\n", "app", "DVM_CPUS"),
            ("dvm-app", "Stopped", "exit 1\n", "app", "app.sh"),
        ]
    )
    func `one that cannot be asked stays, unless forced`(
        instance: String,
        status: String,
        text: String,
        vm: String,
        why: String
    ) throws {
        try stage.fixture.write("list.json", ListedVM.line(status, name: instance))
        try stage.fixture.write("config/vms/app.sh", text)
        let outcome = try stage.run("\"$DVM\" rm \(vm) --yes")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("it is not known whether \(vm) holds work"), "\(outcome)")
        #expect(outcome.errors.contains(why), "\(outcome)")
        #expect(stage.fixture.changes == [])

        let forced = try stage.run("\"$DVM\" rm \(vm) --yes --force --config")
        #expect(forced.status == 0, "\(forced)")
        #expect(forced.errors.contains("whatever \(vm) holds is lost"), "\(forced)")
        #expect(stage.fixture.changes == ["delete --tty=false --force \(instance)"])
        #expect(stage.fixture.exists("config/vms/app.sh") == (vm != "app"))
    }

    @Test func `one whose configuration does not load is asked while it runs`() throws {
        try stage.fixture.write("config/vms/app.sh", "DVM_CPUS=x\n")
        #expect(try stage.run(#""$DVM" rm app --yes"#).status == 0)
        #expect(stage.asked() == ["work"])
        #expect(stage.fixture.exists("config/vms/app.sh"))
    }

    @Test func `a directory that Lima does not list is left to be looked at`() throws {
        try stage.fixture.write("list.json", "")
        try stage.fixture.makeDirectory("lima/dvm-app")
        let outcome = try stage.run(#""$DVM" rm app --yes --force --config"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("Lima does not list dvm-app, and there is"))
        #expect(stage.fixture.exists("config/vms/app.sh"))
        #expect(stage.fixture.exists("lima/dvm-app"))
    }

    @Test(arguments: ["rm app --yes", "rm app --yes --force"])
    func `one that Lima only says it deleted is not gone`(words: String) throws {
        try stage.fixture.makeDirectory("lima/dvm-app")
        try remember()
        try stage.fixture.remove("state/dvm/app/copied.json")
        let outcome = try stage.run("\"$DVM\" \(words) --config")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("app is not gone"))
        #expect(remembered.contains("ssh.json"))
        #expect(stage.fixture.exists("config/vms/app.sh"))
    }

    @Test func `the configuration goes on request, and nothing else`() throws {
        try stage.fixture.write("config/vms/app/setup.sh", "")
        try stage.fixture.write("config/vms/web.sh", "")
        #expect(try stage.run(#""$DVM" restart app"#).status == 0)
        #expect(stage.fixture.exists("cache/dvm/app.lock"))
        #expect(try stage.run(#""$DVM" rm app --yes --config"#).status == 0)
        #expect(!stage.fixture.exists("cache/dvm/app.lock"))
        #expect(!stage.fixture.exists("config/vms/app.sh"))
        #expect(!stage.fixture.exists("config/vms/app"))
        #expect(stage.fixture.exists("config/vms/web.sh"))
        #expect(stage.fixture.exists("config/config.sh"))
    }

    @Test func `a configuration elsewhere stays where it is, and so does what is not dvm's`() throws {
        try stage.fixture.write("repository/app/config.sh", "DVM_CPUS=1\n")
        try stage.fixture.write("repository/setup.sh", "")
        let session = try stage.session()
        try stage.fixture.remove("config/vms/app.sh")
        try stage.fixture.link("config/vms/app", to: "\(stage.fixture.root)/repository/app")
        #expect(try session.configuration.remove(stage.app).removed.map(\.lastComponent) == ["app"])
        #expect(stage.fixture.exists("repository/app/config.sh"))

        try stage.fixture.write("config/vms/app/config.sh", "")
        try stage.fixture.write("config/vms/app/notes.txt", "mine")
        try stage.fixture.link("config/vms/app/setup.sh", to: "\(stage.fixture.root)/repository/setup.sh")
        let removal = try session.configuration.remove(stage.app)
        #expect(removal.removed.map(\.lastComponent) == ["config.sh", "setup.sh"])
        #expect(removal.kept.map(\.lastComponent) == ["app"])
        #expect(stage.fixture.exists("config/vms/app/notes.txt"))
        #expect(stage.fixture.exists("repository/setup.sh"))
        #expect(try session.configuration.remove(try MachineName("none")) == .init())
    }
}
