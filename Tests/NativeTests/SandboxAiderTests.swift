import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_guest

/// Aider as PyPI has it: a Python program of a hundred packages, many of them compiled.
@Suite struct `Aider in the sandbox` {
    /// Unpacks its pinned wheels on this computer, for its own Python; says where.
    private static func fetch() throws -> String {
        let output = Pipe()
        let process = Process()
        process.executableURL = Products.repository.appendingPathComponent("scripts/install-tool")
        process.arguments = ["--fetch", "aider"]
        process.standardOutput = output
        try process.run()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw MissingPrerequisite("scripts/install-tool --fetch aider failed; what it said is above")
        }
        return String(decoding: printed, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    /// Copies without bytes where the file system can: half a gigabyte.
    private static func put(_ words: [String]) throws {
        let process = try Process.run(URL(fileURLWithPath: "/bin/cp"), arguments: words)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw MissingPrerequisite("cp \(words) failed") }
    }

    /// The model answers with a file, as Aider's models do; Aider writes it.
    ///
    /// One after another in one place: half a gigabyte is put there once, and what Python compiles serves the next.
    @Test func `does a whole turn under every profile of system calls`() throws {
        let stage = try SandboxStage()
        let model = Products.repository.appendingPathComponent("Tests/Support/model-server/model-server").path
        try Self.put(["-r", "--reflink=auto", "\(Self.fetch())/lib", stage.toolHome])
        try Self.put([model, "\(stage.toolHome)/lib"])
        // Of the home, a session sees its tool's state and nothing else, and that only where it is the agent's.
        stage.own("\(stage.toolHome)/lib", stage.agent)
        let made = "\(stage.project)/made"
        for profile in AgentPolicy.SystemCalls.allCases {
            try? FileManager.default.removeItem(atPath: made)
            var policy = AgentPolicy()
            policy.systemCalls = profile

            let order = stage.agent(["/bin/bash", "-c", Self.turn], policy: policy).agent { $0.state = ["lib"] }
            let outcome = try SandboxRun.run(order)

            #expect(outcome.opened && outcome.exit == .exited(0), "\(profile): \(outcome.output)")
            let text = try? String(contentsOfFile: made, encoding: .utf8)
            #expect(text == "by aider\n", "\(profile): \(outcome.output)")
        }
    }

    /// It says something all the time: a program that is silent for long is taken for one that hangs.
    private static let turn = #"""
        set -eu
        while sleep 5; do echo waiting; done & waiting=$!
        answer=$(printf 'made\n```\nby aider\n```\n')
        /usr/bin/python3 ~/lib/model-server --port 8777 --command true --answer "$answer" & model=$!
        trap 'kill $waiting $model' EXIT
        for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/8777) 2>/dev/null && break; kill -0 $model; sleep 0.2; done
        export OPENAI_API_BASE=http://127.0.0.1:8777/v1 OPENAI_API_KEY=not-a-key
        launch='import os, sys; sys.path.insert(1, os.environ["HOME"] + "/lib"); from aider.main import main; sys.exit(main())'
        /usr/bin/python3 -I -X pycache_prefix="$HOME/lib/compiled" -c "$launch" --model openai/fake --edit-format whole \
            --no-git --yes-always --no-check-update --no-show-model-warnings --analytics-disable --no-stream --message go
        """#
}
