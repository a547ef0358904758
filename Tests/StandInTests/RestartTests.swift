import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `A change that needs a restart` {
    let stage: SyncStage

    init() throws {
        stage = try SyncStage("use node\nDVM_MEMORY=8\n")
        try stage.recipe("node")
        try stage.fixture.write("list.json", ListedVM.line("Running"))
        try stage.fixture.write("changed.json", ListedVM.line(memory: 8))
    }

    private static let restart = [
        "stop --tty=false dvm-app", "edit --tty=false --set .memory = \"8GiB\" dvm-app", "start --tty=false dvm-app",
    ]

    @Test func `is made where nothing works, and where only services do, which start again`() throws {
        try stage.fixture.write("vm/dvm-app/activity", #"{"sessions":0,"programs":[],"services":[]}"#)
        #expect(try stage.run(#""$DVM" sync app"#).status == 0)
        #expect(stage.fixture.changes == Self.restart)
        #expect(stage.asked().first == "activity")
    }

    @Test(
        arguments: [
            (#"{"sessions":1,"programs":[],"services":[]}"#, "1 session of an AI tool", "sync"),
            (
                #"{"sessions":2,"programs":["tmux\u001b[2J"],"services":[]}"#,
                #"2 sessions of AI tools, tmux\u{1b}[2J"#, "update"
            ),
        ]
    )
    func `leaves a VM as it is in which something works, and says what`(activity: String, named: String, verb: String)
        throws
    {
        try stage.fixture.write("vm/dvm-app/activity", activity)
        let outcome = try stage.run("\"$DVM\" \(verb) app")
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.hasSuffix(
                """
                dvm: error: app has to restart for a change of its configuration (memory 4GiB → 8GiB), which would end \
                what works in it: \(named)
                hint: wait for it to end, or end it (`dvm sessions app`, `dvm sh app`); `dvm \(verb) app --restart` \
                restarts it all the same; nothing has been changed

                """
            ),
            "\(outcome.errors)"
        )
        #expect(stage.fixture.changes == [])
        #expect(stage.said() == [])

        #expect(try stage.run("\"$DVM\" \(verb) app --restart").status == 0)
        #expect(stage.fixture.changes == Self.restart)
    }

    @Test func `is not made on doubt`() throws {
        try stage.fixture.write("guest", "#!/bin/sh\nexit 1\n", mode: 0o700)
        let outcome = try stage.run(#""$DVM" sync app"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("and it is not known what works in it:"), "\(outcome.errors)")
        #expect(outcome.errors.contains("`dvm sync app --restart` restarts it all the same"))
        #expect(stage.fixture.changes == [])
    }

    @Test func `keeps no other VM from its own`() async throws {
        try stage.fixture.write("config/vms/web.sh", "DVM_MEMORY=8\n")
        try stage.fixture.write(
            "list.json",
            ListedVM.line("Running") + ListedVM.line("Running", name: "dvm-web", memory: 8)
        )
        try stage.fixture.write("vm/dvm-app/activity", #"{"sessions":1,"programs":[],"services":[]}"#)
        let outcome = try stage.run(#""$DVM" sync --all"#)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("dvm: error: 1 of 2 VMs failed: app\n"), "\(outcome.errors)")
        #expect(stage.fixture.changes == [])
        // It is as it should be, and settled with the one thing it is asked.
        #expect(stage.asked("web").last == "provision")
    }

    @Test(arguments: [("y", 0, restart), ("", 1, []), ("no", 1, [])] as [(String, Int32, [String])])
    func `is made where the person at the terminal says so`(answer: String, status: Int32, changes: [String]) throws {
        try stage.fixture.write("vm/dvm-app/activity", #"{"sessions":1,"programs":[],"services":[]}"#)
        let script = #"""
            export TERM=xterm
            # Typed before anything was asked, it is no answer.
            (echo y; until grep -qs 'now? ' typescript; do sleep 0.05; done; sleep 0.3; echo '\#(answer)'
             until [ -e ended ]; do sleep 0.05; done) |
              script -qefc '"$DVM" sync app; status=$?; touch ended; exit $status' typescript >/dev/null
            """#
        #expect(try stage.run(script).status == status)
        #expect(stage.fixture.changes == changes)
        let typed = try #require(stage.fixture.read("typescript"))
        #expect(typed.contains("which would end what works in it: 1 session of an AI tool"))
    }
}
