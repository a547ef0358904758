import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// A configuration with recipes, a `limactl` that records, and a guest that runs units for real, though unconfined.
struct SyncStage {
    let fixture: HostFixture
    let app: MachineName
    private let screen = Told()

    /// What the display shows.
    final class Told: Sendable {
        private let (stream, sink) = AsyncStream.makeStream(of: String.self)
        func write(_ text: String) { sink.yield(text) }
        func lines() async -> [String] {
            sink.finish()
            var text = ""
            for await piece in stream { text += piece }
            return text.split(separator: "\n").map(String.init)
        }
    }

    init(_ configuration: String = "") throws {
        fixture = try HostFixture()
        app = try MachineName("app")
        try fixture.installLimactl()
        try fixture.write("new.json", ListedVM.line())
        try fixture.write("share/dvm/recipes/lib/prelude.sh", "said() { printf '%s\\n' \"$*\" >>\"$HOME/said\"; }\n")
        try fixture.write("share/dvm/recipes/baseline.sh", "said baseline\n")
        try fixture.write("config/config.sh", "DVM_NO_BASELINE=1\n")
        try fixture.write("config/vms/app.sh", configuration)
    }

    /// Writes a recipe of the person's; by default one that says its name in the file `said` of the VM.
    func recipe(_ name: String, _ text: String? = nil, _ header: String...) throws {
        let lines = header.map { "# dvm: \($0)\n" }.joined()
        try fixture.write("config/recipes/\(name).sh", lines + (text ?? "said \(name)") + "\n")
    }

    /// What units have said in a VM, a line each.
    func said(_ vm: String = "app") -> [String] { lines("vm/dvm-\(vm)/said") }

    /// What the guest was asked, a task a line.
    func asked(_ vm: String = "app") -> [String] { lines("vm/dvm-\(vm)/asked") }

    func lines(_ path: String) -> [String] {
        (fixture.read(path) ?? "").split(separator: "\n").map(String.init)
    }

    /// The lines that were shown so far, without how long things took; nothing is shown afterwards.
    func shown() async -> [String] { await screen.lines().map { $0.replacing(/\ \(\d+ s\)/, with: "") } }

    /// The variables dvm is started with.
    func environment(_ variables: [String: String] = [:]) -> [String: String] {
        let places = ["XDG_STATE_HOME": "\(fixture.root)/state", "XDG_CACHE_HOME": "\(fixture.root)/cache"]
        var base = fixture.environment.merging(places) { _, new in new }
        // It would be warned of, which is not what these tests are about.
        base["DVM_MEMORY"] = nil
        return base.merging(variables) { _, new in new }
    }

    func session(_ variables: [String: String] = [:], style: ProgressScreen.Style = .init()) throws -> Session {
        let display = ProgressDisplay(style, write: screen.write)
        var session = try Session(HostEnvironment(environment(variables)), display: display)
        session.configuration = ConfigurationStore(
            paths: session.paths,
            environment: session.environment,
            bundled: FilePath("\(fixture.root)/share/dvm/recipes")
        )
        return session
    }

    /// What a sync of one VM comes to.
    func sync(
        _ request: UnitRequest = UnitRequest(),
        _ variables: [String: String] = [:],
        style: ProgressScreen.Style = .init()
    ) async throws -> SyncReport {
        let session = try session(variables, style: style)
        let texts = RecipeTexts(try session.configuration.shelf())
        return try await VMSync(vm: app, session: session, texts: texts, request: request).run()
    }

    /// What a sync is refused with.
    func refusal(_ request: UnitRequest = UnitRequest(), _ variables: [String: String] = [:]) async throws -> Refusal? {
        do {
            let report = try await sync(request, variables)
            Issue.record("it went well: \(report)")
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    /// What several VMs come to.
    func all(_ names: String..., jobs: Int = 4, style: ProgressScreen.Style = .init()) async throws {
        let session = try session(style: style)
        let texts = RecipeTexts(try session.configuration.shelf())
        let jobs = SyncJobs(session: session, texts: texts, request: UnitRequest(), verb: "sync", most: jobs)
        try await jobs.all(names.map { try MachineName($0) }, nil)
    }
}

// MARK: The program itself

extension SyncStage {
    /// What a script came to.
    struct Outcome: Equatable {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs a Bash script in which `$DVM` is the built program, with this stage's recipes as those it came with.
    func run(_ script: String, _ variables: [String: String] = [:]) throws -> Outcome {
        let program = "\(fixture.root)/bin/dvm"
        // Beside its recipes, as it is installed. 27 MB need no copy for each test; where a link cannot be, a process of its
        // own copies, for another test that starts a program meanwhile would have ours open for writing.
        let built = try Products.path("dvm-host")
        let copied = "[ -e \"$DVM\" ] || /bin/ln '\(built)' \"$DVM\" 2>/dev/null || /bin/cp '\(built)' \"$DVM\"\n"
        let process = Process()
        // Tenfold slack and more; what hangs ends as status 124.
        process.executableURL = URL(filePath: "/usr/bin/timeout")
        process.arguments = ["-k", "5", "120", "/bin/bash", "-c", copied + script]
        process.currentDirectoryURL = URL(filePath: fixture.root)
        process.environment = environment(variables).merging(["DVM": program, "ROOT": fixture.root]) { _, new in new }
        for name in ["out", "err"] { try fixture.write(name, "") }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: "\(fixture.root)/out")
        process.standardError = FileHandle(forWritingAtPath: "\(fixture.root)/err")
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            output: fixture.read("out") ?? "",
            errors: fixture.read("err") ?? ""
        )
    }
}
