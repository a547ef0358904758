import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `What it takes for a VM to run` {
    let app: MachineName
    init() throws { app = try MachineName("app") }

    private func steps(_ line: String?, _ change: (inout Settings) -> Void = { _ in }) throws -> [InstanceStep] {
        var settings = Settings(for: app)
        change(&settings)
        let instance = try line.map { try LimaInstance.list(Array($0.utf8))[0] }
        return try InstanceStep.steps(for: instance, to: settings)
    }

    @Test func `is to make and start it`() throws { #expect(try steps(nil) == [.create, .start]) }

    @Test func `is nothing when it runs as it should`() throws { #expect(try steps(ListedVM.line("Running")) == []) }

    @Test func `is to start it`() throws { #expect(try steps(ListedVM.line("Stopped")) == [.start]) }

    /// dvm-behaviour.md §22 #14: what an earlier dvm took over only when a VM was made.
    @Test func `is to stop, change and start it when resources or ports have changed`() throws {
        let taken = try steps(ListedVM.line("Running")) {
            $0.cpus = 8
            $0.memory = .gibibytes(8)
            $0.disk = .gibibytes(80)
            $0.ports = [PortForward(host: 3000, guest: 3000)]
        }
        let changes = ["CPUs 4 → 8", "memory 4GiB → 8GiB", "disk 60GiB → 80GiB", "ports none → 3000:3000"]
        guard taken.count == 3, case .change(let reconciliation) = taken[1] else {
            Issue.record("\(taken)")
            return
        }
        #expect(taken[0] == .stop(because: changes))
        #expect(reconciliation.changes == changes)
        #expect(taken[2] == .start)
        #expect(try steps(ListedVM.line("Stopped")) { $0.cpus = 8 }.count == 2)
    }

    @Test func `is refused when the disk would have to shrink`() throws {
        #expect(throws: Refusal.self) { try steps(ListedVM.line("Running")) { $0.disk = .gibibytes(20) } }
    }

    @Test(
        arguments: [
            (nil, nil, nil, []),
            ("template:_images/fedora", nil, nil, []),
            (
                "template:_images/debian-12", nil, nil,
                ["DVM_TEMPLATE=template:_images/debian-12; template:_images/fedora"]
            ),
            (nil, .vz, nil, ["DVM_VM_TYPE=qemu; vz"]), (nil, .qemu, .x86_64, []),
            (nil, nil, .aarch64, ["DVM_ARCH=x86_64; aarch64"]),
        ] as [(String?, Settings.VMType?, Settings.Architecture?, [String])]
    )
    func `cannot be another image, kind of VM or architecture, which is said`(
        template: String?,
        type: Settings.VMType?,
        architecture: Settings.Architecture?,
        told: [String]
    ) throws {
        var settings = Settings(for: app)
        let made = template.map { template in
            var settings = settings
            settings.template = (try? Template(template)) ?? .standard
            return MadeFrom(settings)
        }
        settings.vmType = type
        settings.architecture = architecture
        let instance = try LimaInstance.list(Array(ListedVM.line().utf8))[0]
        let found = MadeFrom.differences(of: instance, made, from: settings, of: app)
        #expect(
            found
                == told.map {
                    "app was made with \($0) (built in) counts only for a new VM: save what is in it, then "
                        + "`dvm rm app --yes` and `dvm sync app`"
                }
        )
    }
}

@Suite struct `A plan` {
    @Test func `names every step in order`() throws {
        let app = try MachineName("app")
        let planned = PlannedUnit.plan(
            [draft("baseline"), draft("node")],
            in: try facts(),
            records: [],
            notes: UnitNotes(),
            request: UnitRequest()
        )
        let plan = try SyncPlan(Settings(for: app), instance: .some(nil), units: planned)
        #expect(
            plan.steps == [
                .instance([.create, .start]), .guestProgram, .accounts, .unit(planned[0]), .unit(planned[1]), .settle,
            ]
        )
    }

    /// dvm-behaviour.md §21: 45, 47, 69.
    @Test func `tells all of itself without a VM`() throws {
        let app = try MachineName("app")
        var settings = Settings(for: app)
        settings.memory = .gibibytes(8)
        settings.ports = [PortForward(host: 3000, guest: 80)]
        settings.repository = Repository(address: "git@example.org:app.git", branch: "main")
        settings.settle.loginShell = "zsh"
        settings.system.sudo = true
        settings.system.timeZone = "Europe/Warsaw"
        settings.origins = [.memory: .file("/config/config.sh"), .ports: .file("/config/vms/app.sh", lines: [2])]
        let past = try Past([draft("baseline")])
        var secret = draft(
            "tunnel",
            variables: ["DVM_TUNNEL_NAME": "a\u{1B}[2Jb"],
            secrets: [
                .init(name: "TUNNEL_TOKEN", source: .command("pass show tunnel"), code: "00"), .init(name: "OTHER"),
            ],
            needs: ["baseline"],
            isRecipe: true
        )
        secret.identity = .user
        let planned = PlannedUnit.plan(
            [draft("baseline", isRecipe: true), secret, draft("setup.sh")],
            in: try facts(),
            records: past.records,
            notes: past.notes,
            request: UnitRequest(only: ["tunnel"])
        )
        #expect(
            try SyncPlan(settings, instance: nil, units: planned).text("sync", app, settings) == #"""
                `dvm sync app` would do this; nothing was asked, started or changed:
                 1. make dvm-app where it is missing, change it where it differs, start it where it does not run
                      template      template:_images/fedora
                      CPUs          2  (this computer)
                      memory        8GiB  (/config/config.sh)
                      disk          60GiB
                      ports         3000:80  (/config/vms/app.sh:2)
                 2. install dvm’s program in it, where it is missing or of another build
                 3. set it up
                      host name app
                      user developer, who may become root
                      code directory ~/code/app
                      time zone Europe/Warsaw
                 4. skip baseline: unchanged since it succeeded
                      from /config/recipes/baseline.sh
                 5. run tunnel as the user: new
                      from /config/recipes/tunnel.sh
                      needs baseline
                      DVM_TUNNEL_NAME=a\u{1b}[2Jb
                      secret TUNNEL_TOKEN from a command
                      secret OTHER from nowhere: it is not there
                 6. get git@example.org:app.git, branch main, where the code directory is empty
                 7. leave setup.sh: not asked for
                      from /config/recipes/setup.sh.sh
                 8. finish: closed places, and what recipes may have undone
                      login shell zsh
                """#
        )
    }
}
