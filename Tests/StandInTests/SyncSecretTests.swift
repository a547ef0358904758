import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `A secret in a sync` {
    let stage: SyncStage
    private let canary = "canary-5f3a"

    init() throws {
        stage = try SyncStage("use tunnel\n")
        try stage.recipe("tunnel", #"said "$SECRETS""#, "secrets: TUNNEL_TOKEN")
    }

    /// dvm-behaviour.md §21: 13, 35; §22 #6 and #8.
    @Test func `reaches its unit, and nothing else`() async throws {
        _ = try await stage.sync(UnitRequest(), ["TUNNEL_TOKEN": canary])
        #expect(stage.said() == [#"{"TUNNEL_TOKEN": "\#(canary)"}"#])

        for path in ["calls", "environment", "created.yaml", "list.json", "vm/dvm-app/records"] {
            #expect(stage.fixture.read(path)?.contains(canary) == false)
        }
        for name in Files.names(in: FilePath("\(stage.fixture.root)/state/dvm/app")) {
            #expect(stage.fixture.read("state/dvm/app/\(name)")?.contains(canary) == false)
        }
        #expect(await !stage.shown().joined().contains(canary))
        // Where it would be found if the guard were not there.
        #expect(stage.environment(["TUNNEL_TOKEN": canary]).values.contains(canary))
    }

    @Test func `that is not there is asked for before anything is started`() async throws {
        #expect(try await stage.refusal() == SecretSource.missing("TUNNEL_TOKEN", for: "tunnel"))
        #expect(stage.fixture.changes == [])
        // Nor for a recipe that is new in a VM there is.
        _ = try await stage.sync(UnitRequest(), ["TUNNEL_TOKEN": canary])
        try stage.recipe("other", nil, "secrets: OTHER_TOKEN")
        try stage.fixture.write("config/vms/app.sh", "use tunnel\nuse other\n")
        let asked = stage.asked().count
        #expect(
            try await stage.refusal(UnitRequest(), ["TUNNEL_TOKEN": canary])
                == SecretSource.missing("OTHER_TOKEN", for: "other")
        )
        #expect(stage.asked().count == asked)
    }

    @Test func `need not be there when its unit need not run`() async throws {
        _ = try await stage.sync(UnitRequest(), ["TUNNEL_TOKEN": canary])
        #expect(try await stage.sync().changedNothing)
        #expect(try await stage.refusal(UnitRequest(isForced: true)) != nil)
        try stage.recipe("tunnel", "said again", "secrets: TUNNEL_TOKEN")
        #expect(try await stage.refusal() == SecretSource.missing("TUNNEL_TOKEN", for: "tunnel"))
        #expect(stage.said().count == 1)
    }

    @Test func `that its recipe keeps is needed once, and handed over whenever it is there`() async throws {
        try stage.recipe("tunnel", #"said "$SECRETS""#, "secrets: TUNNEL_TOKEN?")
        #expect(try await stage.refusal() == SecretSource.missing("TUNNEL_TOKEN", for: "tunnel"))
        #expect(stage.fixture.changes == [])
        _ = try await stage.sync(UnitRequest(), ["TUNNEL_TOKEN": canary])

        #expect(try await stage.sync(UnitRequest(isForced: true)).ran == ["tunnel"])
        #expect(try await stage.sync(UnitRequest(isUpdate: true)).ran == ["tunnel"])
        // A run that fails may have lost what it kept: what to do then is the recipe's to say.
        try stage.recipe("tunnel", "exit 3", "secrets: TUNNEL_TOKEN?")
        #expect(try await stage.refusal()?.message == "app says: tunnel failed with status 3")
        try stage.recipe("tunnel", #"said "$SECRETS"; true"#, "secrets: TUNNEL_TOKEN?")
        #expect(try await stage.sync().ran == ["tunnel"])
        #expect(try await stage.sync(UnitRequest(), ["TUNNEL_TOKEN": "other"]).ran == ["tunnel"])
        #expect(
            stage.said() == [
                #"{"TUNNEL_TOKEN": "\#(canary)"}"#, "{}", "{}", "{}", #"{"TUNNEL_TOKEN": "other"}"#,
            ]
        )
        #expect(try await stage.sync().changedNothing)
    }

    @Test func `that its recipe keeps is needed by the first run that takes it, and not by the first run of all`()
        async throws
    {
        try stage.recipe("tunnel", "said none")
        _ = try await stage.sync()
        // Now it takes one, which the run before never had.
        try stage.recipe("tunnel", #"said "$SECRETS""#, "secrets: TUNNEL_TOKEN?")
        let asked = stage.asked().count
        #expect(try await stage.refusal() == SecretSource.missing("TUNNEL_TOKEN", for: "tunnel"))
        #expect(stage.asked().count == asked)
        let told = try stage.run(#""$DVM" sync app --dry-run"#)
        #expect(told.status == 1 && told.output.contains("secret TUNNEL_TOKEN from nowhere: it is not there"))

        _ = try await stage.sync(UnitRequest(), ["TUNNEL_TOKEN": canary])
        // What either remembers is enough: the VM, or this computer.
        try stage.fixture.remove("state/dvm/app/units.json")
        #expect(try await stage.sync(UnitRequest(isForced: true)).ran == ["tunnel"])
        let forced = try stage.run(#""$DVM" sync app --force --dry-run"#)
        #expect(forced.status == 0 && forced.output.contains("secret TUNNEL_TOKEN from an earlier run"), "\(forced)")
        try stage.fixture.remove("vm/dvm-app/records")
        #expect(try await stage.sync().ran == ["tunnel"])
        #expect(stage.said() == ["none", #"{"TUNNEL_TOKEN": "\#(canary)"}"#, "{}", "{}"])
        // One more is again one that no run had.
        try stage.recipe("tunnel", "said two", "secrets: TUNNEL_TOKEN? TUNNEL_KEY?")
        #expect(try await stage.refusal() == SecretSource.missing("TUNNEL_KEY", for: "tunnel"))
    }

    @Test func `that has changed runs its unit again`() async throws {
        _ = try await stage.sync(UnitRequest(), ["TUNNEL_TOKEN": canary])
        #expect(try await stage.sync(UnitRequest(), ["DVM_TUNNEL_TOKEN": canary]).changedNothing)
        #expect(try await stage.sync(UnitRequest(), ["TUNNEL_TOKEN": "other"]).ran == ["tunnel"])
        #expect(await stage.shown().contains("✓ tunnel (TUNNEL_TOKEN changed)"))
    }

    @Test func `comes from a command only when its unit runs`() async throws {
        let log = "\(stage.fixture.root)/asked-for"
        let command = "echo x >>\(log); echo \(canary)"
        try stage.fixture.write("config/vms/app.sh", "use tunnel\nDVM_SECRET_TUNNEL_TOKEN_CMD='\(command)'\n")
        #expect(try await stage.sync().ran == ["tunnel"])
        #expect(try await stage.sync().changedNothing)
        #expect(stage.lines("asked-for").count == 1)
        #expect(stage.said() == [#"{"TUNNEL_TOKEN": "\#(canary)"}"#])
        // Another command may print another secret.
        try stage.fixture.write("config/vms/app.sh", "use tunnel\nDVM_SECRET_TUNNEL_TOKEN_CMD='\(command); true'\n")
        #expect(try await stage.sync().ran == ["tunnel"])
    }

    @Test func `comes from a file the configuration names`() async throws {
        try stage.fixture.write("token", "\(canary)\n")
        try stage.fixture.write(
            "config/vms/app.sh",
            "use tunnel\nDVM_SECRET_TUNNEL_TOKEN_FILE=\(stage.fixture.root)/token\n"
        )
        #expect(try await stage.sync().ran == ["tunnel"])
        #expect(stage.said() == [#"{"TUNNEL_TOKEN": "\#(canary)"}"#])
        try stage.fixture.setMode(0o644, "token")
        #expect(try await stage.refusal()?.message.contains("can be read or changed by other users") == true)
    }

    @Test func `from a command that fails stops its VM, and nothing of it is shown`() async throws {
        try stage.fixture.write(
            "config/vms/app.sh",
            "use tunnel\nDVM_SECRET_TUNNEL_TOKEN_CMD='echo \(canary)-printed; exit 2'\n"
        )
        let refusal = try await stage.refusal()
        #expect(refusal?.message.hasSuffix("failed with status 2") == true)
        #expect(stage.said() == [])
        #expect(stage.asked().last == "provision")
    }
}
