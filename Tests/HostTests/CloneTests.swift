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
        #expect(stage.asked("web").prefix(2) == ["renewIdentity", "provision"])
        #expect(stage.fixture.read("vm/dvm-web/renewed") == "{\"hostName\": \"web\", \"keepsKeys\": \(keepsKeys)}\n")
        #expect(outcome.errors.contains("removed the private key ~/.ssh/id_ed25519_dvm") == !keepsKeys)
        #expect(try stage.run(#""$DVM" sync web && "$DVM" stop web && "$DVM" start web"#).status == 0)
        #expect(stage.asked("web").count { $0 == "renewIdentity" } == 1)
    }

    @Test func `is renewed by whatever starts it first, also when Lima did`() throws {
        #expect(
            try stage.run(#""$DVM" clone app web && limactl start dvm-web && "$DVM" sh web </dev/null"#).status == 1
        )
        #expect(stage.asked("web").first == "renewIdentity")
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

    @Test(arguments: ["clone app app", "clone app Web", "clone app"])
    func `must make sense`(words: String) throws { #expect(try stage.run("\"$DVM\" \(words)").status == 64) }
}
