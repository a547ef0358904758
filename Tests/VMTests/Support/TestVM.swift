import Foundation
import TestSupport

/// A VM as a person has it: through the installed dvm.
///
/// Root in it, which dvm gives nobody, comes through limactl.
struct TestVM: Sendable {
    let name: String
    /// The declared port: on this computer, and in the VM.
    let port: (host: UInt16, guest: UInt16)?
    private let home: TestHome
    /// What every test needs of its configuration.
    private let settings: String

    /// The account people work as, and its home.
    let user = "developer"
    let userHome = "/home/developer"
    var project: String { "\(userHome)/code/\(name)" }
    var instance: String { "dvm-\(name)" }

    /// A VM that is made as a copy, its configuration with it.
    init(copyNamed name: String, in home: TestHome) {
        self.name = name
        self.home = home
        port = nil
        settings = ""
    }

    init(name: String, in home: TestHome, ports: [(UInt16, UInt16)] = [], lines: String = "") throws {
        self.name = name
        self.home = home
        port = ports.first.map { (host: $0.0, guest: $0.1) }
        let declared = ports.map { "\($0.0):\($0.1)" }.joined(separator: " ")
        // 8777 is the model server's.
        settings = "DVM_AI_LOCAL=8777\nDVM_PORTS='\(declared)'\n\(lines)"
        try configure()
    }

    /// Writes its configuration: what every test needs, and these lines.
    func configure(_ lines: String = "") throws { try home.write("\(settings)\(lines)\n", to: "config/vms/\(name).sh") }

    var environment: [String: String] { home.environment }

    // MARK: dvm

    /// Runs dvm to its end.
    func dvm(
        _ words: String...,
        input: [UInt8] = [],
        environment extra: [String: String] = [:],
        within limit: Duration = .seconds(300)
    ) throws -> RunningProgram.Outcome {
        try start(words, environment: extra).finish(input: input, within: limit)
    }

    /// Starts dvm with pipes.
    func start(_ words: [String], environment extra: [String: String] = [:]) throws -> RunningProgram {
        try RunningProgram([home.dvm] + words, environment: environment.merging(extra) { $1 })
    }

    /// Starts dvm on a terminal.
    func terminal(_ words: String..., columns: UInt16 = 80, rows: UInt16 = 24) throws -> PretendTerminal {
        try PretendTerminal(
            [home.dvm] + words,
            environment: environment.merging(["TERM": "vt220"]) { $1 },
            columns: columns,
            rows: rows
        )
    }

    /// Runs a shell script as the developer.
    @discardableResult func developer(_ script: String, input: [UInt8] = []) throws -> RunningProgram.Outcome {
        try dvm("ssh", name, "--", "/bin/bash", "-c", script, input: input)
    }

    /// Runs a shell script as the agent, in its sandbox.
    func agent(_ script: String, environment: [String: String] = [:]) throws -> RunningProgram.Outcome {
        try dvm("ai", "shell", name, "--", "-c", script, environment: environment)
    }

    // MARK: limactl

    /// Runs limactl itself.
    func limactl(_ words: String...) throws -> RunningProgram.Outcome {
        try RunningProgram([home.limactl] + words, environment: environment).finish(within: .seconds(600))
    }

    /// Runs a program as the control account.
    func control(_ words: String..., input: [UInt8] = []) throws -> RunningProgram.Outcome {
        try startAsControl(words).finish(input: input)
    }

    /// Starts a program as the control account.
    func startAsControl(_ words: [String]) throws -> RunningProgram {
        try RunningProgram([home.limactl, "shell", "--workdir", "/", instance] + words, environment: environment)
    }

    /// Runs a shell script as root and returns what it prints.
    ///
    /// The script goes through standard input: nothing it names shows up among the arguments it may look at.
    ///
    /// - Throws: `ScriptFailed` unless it ends well.
    @discardableResult func root(_ script: String) throws -> String {
        let outcome = try control("sudo", "-n", "/bin/bash", "-eus", input: Array("{ \(script)\n} </dev/null\n".utf8))
        guard outcome.status == 0 else { throw ScriptFailed(script: script, outcome: outcome) }
        return outcome.text
    }

    /// Takes its power away, which asks nobody; `dvm stop` waits for another dvm.
    func switchOff() throws {
        let outcome = try host(home.limactl, "stop", "--force", instance)
        guard outcome.status == 0 else { throw ScriptFailed(script: "limactl stop --force", outcome: outcome) }
    }

    /// Puts a file into the VM, as root.
    func place(_ bytes: [UInt8], at path: String, mode: String) throws {
        let outcome = try control("sudo", "-n", "/usr/bin/install", "-m", mode, "/dev/stdin", path, input: bytes)
        guard outcome.status == 0 else { throw ScriptFailed(script: "install \(path)", outcome: outcome) }
    }

    /// Does something and undoes it after the test, as root both times.
    func altered(_ script: String, back: String, _ body: () throws -> Void) throws {
        try root(script)
        do {
            try body()
        } catch {
            _ = try? root(back)
            throw error
        }
        try root(back)
    }

    // MARK: This computer

    /// Runs another program of this computer with dvm's variables.
    func host(_ words: String..., within limit: Duration = .seconds(600)) throws -> RunningProgram.Outcome {
        try RunningProgram(words, environment: environment).finish(within: limit)
    }

    /// What one of dvm's logs of this VM says.
    func log(_ log: String) -> String {
        (try? String(contentsOfFile: "\(home.path)/state/dvm/\(name)/\(log).log", encoding: .utf8)) ?? ""
    }

    /// Writes a file below the directory of the tests; nothing removes it.
    func write(_ text: String?, to file: String) throws {
        guard let text else { return try FileManager.default.removeItem(atPath: "\(home.path)/\(file)") }
        try home.write(text, to: file)
    }

    /// The word in Lima's list for how the VM is; nothing when it has none.
    func state() throws -> String? {
        let list = try host(home.limactl, "list", "--json").text
        struct Entry: Decodable { var name, status: String }
        return try list.split(separator: "\n").map { try JSONDecoder().decode(Entry.self, from: Data($0.utf8)) }
            .first { $0.name == instance }?.status
    }
}

struct ScriptFailed: Error, CustomStringConvertible {
    var script: String
    var outcome: RunningProgram.Outcome

    var description: String {
        "status \(outcome.status) of \(script.prefix(500)): \(outcome.text.suffix(1000)) \(outcome.complaint.suffix(1000))"
    }
}
