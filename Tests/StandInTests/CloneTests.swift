import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Cloning a VM` {
    let stage: SyncStage

    init() throws {
        stage = try SyncStage("DVM_PORTS=31999:31999\nuse one\n")
        try stage.recipe("one")
        try stage.fixture.write("list.json", ListedVM.line("Stopped", ports: [31999]))
    }

    @Test func `copies it stopped, with its configuration, and says which ports collide`() throws {
        try stage.fixture.write("list.json", ListedVM.line("Running", ports: [31999]))
        try stage.fixture.write("config/vms/app/setup.sh", "echo hello\n")
        let outcome = try stage.run(#""$DVM" clone app web"#)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(stage.fixture.changes == ["stop --tty=false dvm-app", "clone --tty=false dvm-app dvm-web"])
        #expect(
            stage.fixture.read("config/vms/web.sh")
                == "DVM_PORTS=31999:31999\nuse one\nDVM_CODE_DIR='~/code/app'   # where app has it\n"
        )
        #expect(stage.fixture.read("config/vms/web/setup.sh") == "echo hello\n")
        #expect(outcome.errors.contains("app is stopped to be copied, and stays so"))
        #expect(outcome.errors.contains("port 31999 of web is also app's"))
    }

    @Test(arguments: [false, true])
    func `gives the copy an identity of its own before anything else, once`(keepsKeys: Bool) throws {
        #expect(try stage.run("\"$DVM\" clone app web \(keepsKeys ? "--keep-keys" : "")").status == 0)
        let outcome = try stage.run(#""$DVM" sync web"#)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(
            stage.fixture.changes.dropFirst() == [
                "start --tty=false dvm-web", "stop --tty=false dvm-web", "start --tty=false dvm-web",
            ]
        )
        #expect(stage.asked("web").prefix(3) == ["renewIdentity", "remoteLogin", "provision"])
        #expect(stage.fixture.read("vm/dvm-web/renewed") == "{\"hostName\": \"web\", \"keepsKeys\": \(keepsKeys)}\n")
        #expect(outcome.errors.contains("removed the private key ~/.ssh/id_ed25519_dvm") == !keepsKeys)
        #expect(outcome.errors.contains("web has SSH keys of its own; `dvm ssh-key web` shows") == !keepsKeys)
        #expect(try stage.run(#""$DVM" sync web && "$DVM" stop web && "$DVM" start web"#).status == 0)
        #expect(stage.asked("web").count { $0 == "renewIdentity" } == 1)
    }

    @Test func `is renewed by whatever starts it first, also when Lima did`() throws {
        #expect(
            try stage.run(#""$DVM" clone app web && limactl start dvm-web && "$DVM" sh web </dev/null"#).status == 1
        )
        #expect(stage.asked("web").first == "renewIdentity")
    }

    @Test(
        arguments: [
            "sh web </dev/null", "ssh web true", "work web", "ai claude web", "cp README web:", "ssh-key web",
            "doctor web", "ssh-config web", "start web", "restart web", "sync web", "sessions ls web", "ports web",
            "rm web --yes", "reset web --yes",
        ]
    )
    func `is asked for nothing before it has an identity of its own`(words: String) throws {
        try stage.fixture.write("README", "x")
        #expect(try stage.run(#""$DVM" clone app web && limactl start dvm-web"#).status == 0)
        _ = try stage.run("\"$DVM\" \(words)")
        #expect(stage.asked("web").first == "renewIdentity", "\(stage.asked("web"))")
    }

    @Test(arguments: ["ls --fresh", "stop --inactive", "stop --inactive web", "rm web --yes --force"])
    func `is not asked where it is not to be changed`(words: String) throws {
        #expect(try stage.run(#""$DVM" clone app web && limactl start dvm-web"#).status == 0)
        let outcome = try stage.run("\"$DVM\" \(words)")
        #expect(stage.asked("web") == [])
        #expect(outcome.errors.contains("web is a copy that still has the identity of app"), "\(outcome)")
    }

    @Test(arguments: ["", "{", "{}", #"{"source":1}"#])
    func `is not used either when the mark cannot be read`(text: String) throws {
        #expect(try stage.run(#""$DVM" clone app web && limactl start dvm-web"#).status == 0)
        try stage.fixture.write("state/dvm/web/copied.json", text)
        for words in ["sh web </dev/null", "work web", "start web", "rm web --yes"] {
            let outcome = try stage.run("\"$DVM\" \(words)")
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("the VM may have the identity of another"), "\(outcome)")
        }
        #expect(stage.asked("web") == [])
        #expect(try stage.run(#""$DVM" rm web --yes --force"#).status == 0)
    }

    @Test func `is not started where it was cut short`() throws {
        #expect(try stage.run(#""$DVM" clone app web"#).status == 0)
        let text = try #require(stage.fixture.read("state/dvm/web/copied.json"))
        try stage.fixture.write("state/dvm/web/copied.json", text.replacing("true", with: "false"))
        let outcome = try stage.run(#""$DVM" start web"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("copying app to web was cut short"), "\(outcome)")
        #expect(!stage.fixture.changes.contains("start --tty=false dvm-web"))
        // Nor does a copy of it pass for a whole one.
        let again = try stage.run(#""$DVM" clone web third"#)
        #expect(again.errors.contains("web is itself a copy of app that has no identity of its own yet"), "\(again)")
        #expect(again.status == 1 && !stage.fixture.changes.contains { $0.hasPrefix("clone") && $0.hasSuffix("third") })
        // A new VM of that name is no copy.
        try stage.fixture.write("new.json", ListedVM.line(ports: [31999]))
        #expect(try stage.run(#""$DVM" rm web --yes --force && "$DVM" sync web"#).status == 0)
        #expect(!stage.asked("web").contains("renewIdentity"))
    }

    @Test func `is renewed again when the renewal did not come to its end`() throws {
        #expect(try stage.run(#""$DVM" clone app web"#).status == 0)
        try stage.fixture.write("fail-stop", "level=fatal msg=\"no\"\n")
        #expect(try stage.run(#""$DVM" start web"#).status == 1)
        try stage.fixture.remove("fail-stop")
        #expect(try stage.run(#""$DVM" work web"#).status == 0)
        #expect(stage.asked("web").prefix(3) == ["renewIdentity", "renewIdentity", "remoteLogin"])
    }

    @Test func `has the identity of another again in a snapshot that came with it, and in none of its own`() throws {
        #expect(try stage.run(#""$DVM" snapshot create app before && "$DVM" clone app web"#).status == 0)
        let refused = try stage.run(#""$DVM" snapshot create web mine"#)
        #expect(
            refused.errors.contains("web is a copy that still has the identity of app, and a snapshot would keep that")
        )
        #expect(try stage.run(#""$DVM" start web && "$DVM" stop web && "$DVM" snapshot create web mine"#).status == 0)

        func renewals(after words: String) throws -> Int {
            let outcome = try stage.run("\"$DVM\" \(words) && \"$DVM\" start web && \"$DVM\" stop web")
            #expect(outcome.status == 0, "\(outcome)")
            return stage.asked("web").count { $0 == "renewIdentity" }
        }
        #expect(try renewals(after: "snapshot restore web mine --yes --force") == 1)
        #expect(try renewals(after: "snapshot restore web before --yes --force") == 2)
        #expect(try renewals(after: "snapshot rm web before --yes") == 2)
        #expect(try renewals(after: "snapshot create web before") == 2)
        #expect(try renewals(after: "snapshot restore web before --yes --force") == 2)
    }

    /// A renewal that is ordered in doubt removes keys where the disk says that it is another's, and only there.
    @Test(arguments: [("app", true), ("web", false), (nil, true)] as [(String?, Bool)])
    func `has none of another's keys, however going back to a snapshot ended`(identity: String?, removes: Bool) throws {
        #expect(try stage.run(#""$DVM" snapshot create app before && "$DVM" clone app web"#).status == 0)
        #expect(try stage.run(#""$DVM" start web && "$DVM" stop web"#).status == 0)
        // The next one lists; putting back fails.
        #expect(
            try stage.run(
                #"""
                sed -i 's/^    case $2 in/    case $2 in apply) exit 1 ;;/' "$ROOT/bin/limactl"
                "$DVM" snapshot restore web before --yes --force
                """#
            ).status == 1
        )
        let text = identity.map { "\"\($0)\"" }
        try text.map { try stage.fixture.write("vm/dvm-web/identity", $0) }
            ?? stage.fixture.remove("vm/dvm-web/identity")
        let outcome = try stage.run(#""$DVM" start web"#)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(
            stage.lines("vm/dvm-web/renewed").last
                == #"{"hostName": "web", "keepsKeys": false, "unlessItsOwn": true}"#
        )
        #expect(outcome.errors.contains("removed the private key") == removes, "\(outcome)")
    }

    /// What an earlier dvm left: a VM that does not say that its identity is its own, and no note that it does.
    private func forgetRecord() throws {
        try stage.fixture.remove("vm/dvm-web/identity")
        let copied = CopiedFrom(source: "app", keepsKeys: false, isWhole: true)
        let state = try stage.session().state(of: try MachineName("web"))
        try state.keep(InheritedSnapshots(names: ["before"], copied: copied))
    }

    private static let failing = #"sed -i 's/^    case $2 in/    case $2 in apply) exit 1 ;;/' "$ROOT/bin/limactl""#
    private static let kept = #"{"hostName": "web", "keepsKeys": true, "unlessItsOwn": true}"#
    private static let doubt = "it is not known whether the private keys in it are also those of app: they stay"

    @Test(arguments: [false, true])
    func `keeps the keys that an earlier dvm gave it when going back was cut short`(isSynced: Bool) throws {
        #expect(try stage.run(#""$DVM" snapshot create app before && "$DVM" clone app web"#).status == 0)
        #expect(try stage.run(#""$DVM" start web && "$DVM" stop web"#).status == 0)
        try forgetRecord()
        if isSynced { #expect(try stage.run(#""$DVM" sync web && "$DVM" stop web"#).status == 0) }
        let restore = "\(Self.failing); \"$DVM\" snapshot restore web before --yes --force"
        #expect(try stage.run(restore).status == 1)
        let outcome = try stage.run(#""$DVM" start web"#)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.errors.contains(Self.doubt) != isSynced, "\(outcome)")
        #expect(!outcome.errors.contains("removed the private key"), "\(outcome)")
        // One that says of itself that its identity is its own is asked what else it would lose, and answers: nothing.
        #expect((stage.lines("vm/dvm-web/renewed").last == Self.kept) != isSynced)
        // What it has now is its own, and it says so.
        #expect(try stage.session().state(of: try MachineName("web")).inherited()?.isRecorded == true)
    }

    @Test func `is told of where this computer cannot remember that its identity is its own`() async throws {
        let session = try stage.session()
        let web = try MachineName("web")
        let state = session.state(of: web)
        let copied = CopiedFrom(source: "app", keepsKeys: false, isWhole: true)
        try state.keep(InheritedSnapshots(names: ["before"], copied: copied))
        session.keepRecorded(of: web)
        #expect(try state.inherited()?.isRecorded == true)

        try state.keep(InheritedSnapshots(names: ["before"], copied: copied))
        // In the way of the file's new contents.
        let new = state.directory.appending("inherited.json.dvm-\(getpid())")
        try FileManager.default.createDirectory(atPath: new.string, withIntermediateDirectories: false)
        session.keepRecorded(of: web)
        #expect(try state.inherited()?.isRecorded == nil)
        // Nor where what is there is no mark.
        try "nonsense".write(
            toFile: state.directory.appending("inherited.json").string,
            atomically: false,
            encoding: .utf8
        )
        session.keepRecorded(of: web)
        let shown = await stage.shown()
        #expect(shown.count == 2, "\(shown)")
        #expect(shown.allSatisfy { $0.contains("web has an identity of its own, which dvm cannot remember: ") })
        #expect(shown.first?.contains("cannot write ") == true, "\(shown)")
        #expect(shown.last?.contains("cannot be read") == true, "\(shown)")
    }

    @Test func `is itself again when it is put back to a snapshot of its own`() throws {
        #expect(try stage.run(#""$DVM" snapshot create app before && "$DVM" clone app web"#).status == 0)
        let words = #""$DVM" start web && "$DVM" stop web && "$DVM" snapshot create web mine"#
        #expect(try stage.run(words).status == 0)
        try forgetRecord()
        let outcome = try stage.run(
            #""$DVM" snapshot restore web before --yes --force && "$DVM" snapshot restore web mine --yes --force"#
        )
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try stage.run(#""$DVM" start web && "$DVM" stop web"#).status == 0)
        #expect(stage.lines("vm/dvm-web/renewed").count == 1)

        // Cut short on the way from the other's to its own, it may have either's.
        let again = "\"$DVM\" snapshot restore web before --yes --force; \(Self.failing); "
        #expect(try stage.run(again + #""$DVM" snapshot restore web mine --yes --force"#).status == 1)
        #expect(try stage.run(#""$DVM" start web"#).errors.contains(Self.doubt))
        #expect(stage.lines("vm/dvm-web/renewed").last == Self.kept)
    }

    @Test func `is marked for as long as its identity may be another's, and its keys stay while that is in doubt`() {
        let copied = CopiedFrom(source: "app", keepsKeys: false, isWhole: true)
        func provisional(_ isRecorded: Bool?) -> CopiedFrom {
            CopiedFrom(source: "app", keepsKeys: false, isWhole: true, isProvisional: true, isRecorded: isRecorded)
        }
        func marks(to name: String, _ inherited: InheritedSnapshots?, _ known: CopiedFrom?) -> [CopiedFrom?] {
            let marks = RestoreMarks(to: name, inherited: inherited, known: known)
            return [marks.during, marks.after]
        }
        let old = InheritedSnapshots(names: ["before"], copied: copied)
        var new = old
        new.isRecorded = true
        #expect(marks(to: "before", nil, nil) == [nil, nil])
        #expect(marks(to: "mine", old, nil) == [nil, nil])
        #expect(marks(to: "before", old, nil) == [provisional(nil), copied])
        #expect(marks(to: "before", new, nil) == [provisional(true), copied])
        #expect(marks(to: "before", old, copied) == [copied, copied])
        #expect(marks(to: "before", new, provisional(true)) == [provisional(true), copied])
        #expect(marks(to: "mine", new, copied) == [provisional(nil), nil])
        #expect(marks(to: "mine", new, provisional(true)) == [provisional(nil), nil])
        #expect(marks(to: "any", nil, copied) == [provisional(nil), provisional(nil)])
        #expect([copied, provisional(true), provisional(nil)].map(\.isInDoubt) == [false, false, true])
    }

    @Test func `has a snapshot that is being gone back to put back whole, whoever asks it to end`() throws {
        #expect(try stage.run(#""$DVM" snapshot create app before && "$DVM" clone app web"#).status == 0)
        #expect(try stage.run(#""$DVM" start web && "$DVM" stop web"#).status == 0)
        let outcome = try stage.run(
            #"""
            sed -i 's/^    case $2 in/    case $2 in apply) touch "$root\/begun"; sleep 1; touch "$root\/done" ;;/' "$ROOT/bin/limactl"
            set -m; "$DVM" snapshot restore web before --yes --force & pid=$!
            for i in $(seq 600); do [ -e "$ROOT/begun" ] && break; sleep 0.1; done
            kill -INT -- "-$pid"; wait "$pid"
            """#
        )
        #expect(outcome.status == 130, "\(outcome)")
        #expect(outcome.errors.contains("interrupted; `dvm ls` and `dvm snapshot list web` show"), "\(outcome)")
        #expect(stage.fixture.exists("done"))
        let mark = try stage.session().state(of: try MachineName("web")).copied()
        #expect(mark == CopiedFrom(source: "app", keepsKeys: false, isWhole: true))
    }

    @Test func `has no snapshots of the other's noted before it has them`() throws {
        #expect(
            try stage.run(
                #"""
                "$DVM" snapshot create app before
                sed -i 's/^  clone) /  clone) ls "$root\/state\/dvm\/web" >"$root\/noted"; /' "$ROOT/bin/limactl"
                "$DVM" clone app web
                """#
            ).status == 0
        )
        #expect(stage.lines("noted").contains("copied.json"))
        #expect(!stage.lines("noted").contains("inherited.json"))
        let copied = CopiedFrom(source: "app", keepsKeys: false, isWhole: true)
        let state = try stage.session().state(of: try MachineName("web"))
        #expect(try state.inherited() == InheritedSnapshots(names: ["before"], copied: copied))
    }

    @Test(arguments: [true, false])
    func `says itself that it is one, where this computer does not know`(hasOriginal: Bool) throws {
        #expect(try stage.run(#""$DVM" clone app web && limactl start dvm-web && rm -r "$ROOT/state""#).status == 0)
        try stage.fixture.write("vm/dvm-web/identity", #""app""#)
        if hasOriginal { try stage.fixture.makeDirectory("lima/dvm-app") }
        let refused = try stage.run(#""$DVM" ssh web true"#)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("web says that it has the identity of app"), "\(refused)")
        #expect(refused.errors.contains("without the private keys of app") == hasOriginal, "\(refused)")
        #expect(stage.asked("web") == [])
        let started = try stage.run(#""$DVM" start web && "$DVM" work web"#)
        #expect(started.status == 0, "\(started)")
        #expect(stage.fixture.read("vm/dvm-web/renewed") == "{\"hostName\": \"web\", \"keepsKeys\": \(!hasOriginal)}\n")
    }

    @Test(arguments: ["../app", "\u{1B}[2J", String(repeating: "x", count: 5000)])
    func `is believed no name that could not be one`(name: String) throws {
        try stage.fixture.write("list.json", ListedVM.line("Running"))
        try stage.fixture.write("vm/dvm-app/identity", String(decoding: try JSON.encode(name), as: UTF8.self))
        let refused = try stage.run(#""$DVM" ssh app true"#)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("app says that it has the identity of "), "\(refused)")
        #expect(!refused.errors.contains("\u{1B}") && refused.errors.utf8.count < 1000, "\(refused)")
        #expect(try stage.session().state(of: stage.app).copied()?.keepsKeys == true)
    }

    @Test func `is asked for secrets of its own for what was signed in as the other`() throws {
        try stage.recipe("net", nil, "secrets: NET_KEY?")
        try stage.fixture.write("config/vms/app.sh", "DVM_PORTS=31999:31999\nuse net\n")
        #expect(try stage.run(#""$DVM" sync app && "$DVM" clone app web"#, ["NET_KEY": "first"]).status == 0)
        #expect(try stage.run(#"mkdir -p vm/dvm-web && cp vm/dvm-app/records vm/dvm-web/"#).status == 0)
        try stage.fixture.write("vm/dvm-web/own-units", #"["net"]"#)
        let refused = try stage.run(#""$DVM" sync web"#)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("“net” was signed in as app, and is switched off"), "\(refused)")
        #expect(refused.errors.contains("NET_KEY"), "\(refused)")
        #expect(stage.said("web") == [])
        #expect(try stage.run(#""$DVM" sync web"#, ["NET_KEY": "second"]).status == 0)
        #expect(stage.said("web") == ["net"])
    }

    @Test func `is asked for them also where its new identity was cut short when it had signed them out`() throws {
        try stage.recipe("net", nil, "secrets: NET_KEY?")
        try stage.recipe("other", nil, "secrets: OTHER_KEY?")
        try stage.fixture.write("config/vms/app.sh", "DVM_PORTS=31999:31999\nuse net other\n")
        let keys = ["NET_KEY": "first", "OTHER_KEY": "first"]
        #expect(try stage.run(#""$DVM" sync app && "$DVM" clone app web"#, keys).status == 0)
        #expect(try stage.run(#"mkdir -p vm/dvm-web && cp vm/dvm-app/records vm/dvm-web/"#).status == 0)
        try stage.fixture.write("vm/dvm-web/own-units", #"["net"]"#)
        try stage.fixture.write("vm/dvm-web/dies-in-renewal", "")
        #expect(try stage.run(#""$DVM" start web"#).status == 1)
        let refused = try stage.run(#""$DVM" sync web"#)
        #expect(refused.status == 1 && refused.errors.contains("NET_KEY"), "\(refused)")
        #expect(stage.said("web") == [])
        #expect(try stage.run(#""$DVM" sync web"#, ["NET_KEY": "second"]).status == 0)
        #expect(stage.said("web").contains("net"))
    }

    @Test(arguments: ["there is a VM", "configuration", "directory"])
    func `never goes over another`(what: String) throws {
        switch what {
        case "configuration": try stage.fixture.write("config/vms/web/setup.sh", "mine")
        case "directory": try stage.fixture.makeDirectory("lima/dvm-web")
        default:
            let lines = ListedVM.line() + ListedVM.line(name: "dvm-web")
            try stage.fixture.write("list.json", lines)
        }
        #expect(try stage.run(#""$DVM" clone app web"#).status == 1)
        #expect(stage.fixture.changes == [])
        #expect(!stage.fixture.exists("config/vms/web.sh"))
        #expect(what != "configuration" || stage.fixture.read("config/vms/web/setup.sh") == "mine")
    }

    @Test func `leaves nothing when it fails, also when Lima does not say so`() throws {
        try stage.fixture.write("fail-clone", "level=fatal msg=\"no room\"\n")
        let outcome = try stage.run(#""$DVM" clone app web"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("no room"))
        try stage.fixture.remove("fail-clone")
        try stage.fixture.write("list.json", ListedVM.line())
        #expect(
            try stage.run(#"sed -i 's/^  clone)/  unclone)/' "$ROOT/bin/limactl"; "$DVM" clone app web"#).status == 1
        )
        #expect(!stage.fixture.exists("config/vms/web.sh"))
        #expect(!stage.fixture.exists("state/dvm/web/copied.json"))
    }

    @Test func `leaves nothing when it is interrupted`() throws {
        try stage.fixture.write("pause-clone", "60")
        let outcome = try stage.run(
            #"""
            set -m; "$DVM" clone app web & pid=$!
            for i in $(seq 600); do grep -qs '^clone ' "$ROOT/calls" && break; sleep 0.1; done
            kill -INT "$pid"; wait "$pid"
            """#
        )
        #expect(outcome.status == 130, "\(outcome)")
        #expect(!stage.fixture.exists("config/vms/web.sh"))
        #expect(!stage.fixture.exists("state/dvm/web/copied.json"))
    }

    @Test(arguments: ["clone app app", "clone app Web", "clone app"])
    func `must make sense`(words: String) throws { #expect(try stage.run("\"$DVM\" \(words)").status == 64) }
}
