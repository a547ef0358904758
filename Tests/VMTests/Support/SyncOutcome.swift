import Foundation
import Testing

/// What a `dvm sync` came to, as its last line of JSON tells it.
struct SyncOutcome {
    var status: Int32
    /// The units that ran, when all went well.
    var ran: [String] = []
    /// What it says in the end: what was done, or why not, and what to do about that.
    var text = ""
    var hint = ""
    var duration: Duration
    /// All that it said.
    var told: String

    fileprivate init(_ outcome: RunningProgram.Outcome, after duration: Duration) {
        struct Line: Decodable { var text, hint: String?, ran: [String]? }
        status = outcome.status
        told = outcome.text + outcome.complaint
        self.duration = duration
        guard let last = outcome.lines.last, let line = try? JSONDecoder().decode(Line.self, from: Data(last.utf8))
        else { return }
        (text, hint, ran) = (line.text ?? "", line.hint ?? "", line.ran ?? [])
    }
}

extension TestVM {
    /// Makes the VM what its configuration says.
    func sync(_ options: String..., environment: [String: String] = [:]) throws -> SyncOutcome {
        let start = ContinuousClock.now
        let program = try self.start(["sync", "--json", name] + options, environment: environment)
        let outcome = try program.finish(within: .seconds(1800))
        return SyncOutcome(outcome, after: start.duration(to: .now))
    }

    /// Writes a recipe of the person's.
    func recipe(_ name: String, _ text: String, _ header: String...) throws {
        let lines = header.map { "# dvm: \($0)\n" }.joined()
        try write("\(lines)\(text)\n", to: "config/recipes/\(name).sh")
    }

    /// The state of this VM on this computer, that of all VMs in Lima, and the configuration.
    var places: (state: String, lima: String, configuration: String) {
        let top = environment["DVM_CONFIG_DIR"].map { ($0 as NSString).deletingLastPathComponent } ?? ""
        return ("\(top)/state/dvm/\(name)", "\(top)/lima", "\(top)/config")
    }
}

/// Gives the shared VM its configuration back when a suite that changed it has ended, and removes that one's recipes.
struct ConfigurationTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing body: @Sendable () async throws -> Void
    ) async throws {
        let vm = try VirtualMachines.current.shared
        let recipes = vm.places.configuration + "/recipes"
        defer {
            try? vm.configure()
            // What the recipe zsh changes for whoever opens a shell.
            _ = try? vm.root("usermod --shell /bin/bash \(vm.user)")
            for name in (try? FileManager.default.contentsOfDirectory(atPath: recipes)) ?? [] {
                try? FileManager.default.removeItem(atPath: "\(recipes)/\(name)")
            }
        }
        try await body()
    }
}

extension Trait where Self == ConfigurationTrait {
    /// For suites that write the configuration of the shared VM.
    static var writesConfiguration: Self { Self() }
}
