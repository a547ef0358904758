import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Snapshots of a VM` {
    let stage: SyncStage

    init() throws {
        stage = try SyncStage()
        try stage.fixture.write("list.json", ListedVM.line())
    }

    @Test func `are made, listed, gone back to and removed`() throws {
        #expect(try stage.run(#""$DVM" snapshot create app before"#).status == 0)
        #expect(
            try stage.run(#""$DVM" snapshot list app"#).output
                == "NAME    MADE\nbefore  2026-11-21 15:30:00\n"
        )
        #expect(try stage.run(#""$DVM" snapshot restore app before"#).status == 1)
        #expect(try stage.run(#""$DVM" snapshot restore app before --yes --force"#).status == 0)
        let unmeant = try stage.run(#""$DVM" snapshot rm app before"#)
        #expect(unmeant.status == 1)
        #expect(
            unmeant.errors.hasSuffix("hint: say that you mean it: `dvm snapshot rm app before --yes`\n"),
            "\(unmeant)"
        )
        #expect(try stage.run(#""$DVM" snapshot rm app before --yes"#).status == 0)
        #expect(
            stage.lines("calls").filter { $0.hasPrefix("snapshot") && !$0.contains(" list ") } == [
                "snapshot create --tty=false dvm-app --tag before", "snapshot apply --tty=false dvm-app --tag before",
                "snapshot delete --tty=false dvm-app --tag before",
            ]
        )
    }

    @Test func `are refused of one that runs, with what to do`() throws {
        try stage.fixture.write("list.json", ListedVM.line("Running"))
        let outcome = try stage.run(#""$DVM" snapshot create app before"#)
        #expect(
            outcome.errors
                == "dvm: error: app runs, and has snapshots only while it does not\nhint: `dvm stop app` stops it\n"
        )
        #expect(stage.fixture.changes == [])
    }

    @Test func `are gone back to when the VM says that nothing is lost, and it is stopped again`() throws {
        try stage.fixture.write("snapshots", "before\n")
        #expect(try stage.run(#""$DVM" snapshot restore app before --yes"#).status == 0)
        let changes = ["start --tty=false dvm-app", "stop --tty=false dvm-app"]
        #expect(stage.fixture.changes == changes + ["snapshot apply --tty=false dvm-app --tag before"])
        #expect(stage.asked() == ["work"])
    }

    @Test func `are not gone back to while there is work that is nowhere else`() throws {
        try stage.fixture.write("snapshots", "before\n")
        try stage.fixture.write("vm/dvm-app/work", #"{"loose":{"count":1,"examples":["notes.txt"]}}"#)
        let outcome = try stage.run(#""$DVM" snapshot restore app before --yes"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("notes.txt"))
        #expect(outcome.errors.contains("hint: `dvm snapshot create app <name>` keeps all of it"), "\(outcome)")
        #expect(outcome.errors.contains("`dvm snapshot restore app before --yes --force` does it all the same"))
        #expect(stage.fixture.changes == ["start --tty=false dvm-app", "stop --tty=false dvm-app"])
        // What it was, it is no more.
        #expect(try stage.session().state(of: stage.app).work?.finding == .atRisk)
        #expect(try stage.run(#""$DVM" snapshot restore app before --yes --force"#).status == 0)
        #expect(try stage.session().state(of: stage.app).work == nil)
    }

    @Test(arguments: ["vz", "krunkit", ""])
    func `are refused where Lima has none`(kind: String) throws {
        let line = ListedVM.line().replacing("\"vmType\":\"qemu\"", with: "\"vmType\":\"\(kind)\"")
        try stage.fixture.write("list.json", line)
        for words in ["create app x", "list app", "restore app x --yes", "rm app x --yes"] {
            let outcome = try stage.run("\"$DVM\" snapshot \(words)")
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("Lima has snapshots only with qemu"))
        }
        #expect(stage.fixture.changes == [])
    }

    @Test func `are not believed to be there when Lima only says so`() throws {
        try stage.fixture.write("lying", "")
        #expect(try stage.run(#""$DVM" snapshot create app before"#).errors.contains("was not made"))
        try stage.fixture.write("snapshots", "before\n")
        #expect(try stage.run(#""$DVM" snapshot rm app before --yes"#).errors.contains("was not removed"))
    }

    @Test func `must exist to be used, and must not to be made`() throws {
        try stage.fixture.write("snapshots", "before\n")
        for words in ["create app before", "restore app other --yes", "rm app other --yes"] {
            #expect(try stage.run("\"$DVM\" snapshot \(words)").status == 1)
        }
        #expect(!stage.fixture.changes.contains { !$0.contains(" list ") })
    }

    @Test(arguments: ["1", "-x", "a b", "a/b", "", "\u{1B}[2J", String(repeating: "a", count: 41)])
    func `have names that QEMU takes for nothing else`(name: String) {
        #expect(throws: Refusal.self) { try SnapshotName(name) }
    }

    @Test func `are read from QEMU's table, with whatever stands around it`() {
        let table = """
            Snapshot list:
            ID        TAG               VM SIZE                DATE     VM CLOCK     ICOUNT
            1         before                0 B 2026-11-21 15:30:00 00:00:00.000          0
            --        2nd              12.3 MiB 2026-11-22 01:02:03 00:01:00.000

            """
        #expect(
            Snapshot.list(table) == [
                Snapshot(name: "before", made: "2026-11-21 15:30:00"),
                Snapshot(name: "2nd", made: "2026-11-22 01:02:03"),
            ]
        )
        #expect(Snapshot.list("There is no snapshot available.\n") == [])
    }
}
