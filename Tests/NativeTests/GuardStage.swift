import DVMProtocol
import Foundation
import Glibc
import TestSupport

@testable import dvm_guest

/// A project with a repository, its developer who uses git, and an agent with a session.
final class GuardStage {
    let stage: SandboxStage
    var policy = AgentPolicy()
    let session: SessionID

    /// What an attack makes when it worked: a file only the developer can make.
    var proof: String { "\(stage.home)/proof" }

    init(_ git: AgentPolicy.Git = .guarded, repository: Bool = true) throws {
        stage = try SandboxStage()
        session = SessionID(seconds: time(nil), salt: UInt16.random(in: 0 ... .max))
        policy.git = git
        guard unsafe access("/usr/bin/git", X_OK) == 0 else {
            throw MissingPrerequisite("git is missing: apt-get install git")
        }
        if repository {
            try developer(
                """
                git init -q -b main . && git config user.name d && git config user.email d@x
                echo one > file && git add file && git commit -qm one
                """
            )
        }
    }

    /// Another session in the same project.
    init(beside other: GuardStage, _ git: AgentPolicy.Git = .guarded) {
        stage = other.stage
        session = SessionID(seconds: time(nil), salt: UInt16.random(in: 0 ... .max))
        policy.git = git
    }

    deinit {
        try? FileManager.default.removeItem(atPath: "\(PendingReview.root)/\(session)")
        _ = try? group.killAll()
        try? group.remove()
    }

    /// The session's control group; one that is the test's own, on a machine with either version of them.
    var group: ControlGroup {
        get throws {
            let second: FilePath = "/sys/fs/cgroup/unified"
            let tree = Status.of(second) == nil ? "/sys/fs/cgroup" : second
            return try ControlGroup(making: tree.appending("dvm-test-\(session)"))
        }
    }

    /// Runs a script as the developer, in the project.
    @discardableResult
    func developer(_ script: String) throws -> String {
        try SandboxRun.run(stage.plain(script: Self.common + script, as: stage.developer)).output
    }

    var spawn: Spawn { stage.agent([], policy: policy).agent { $0.session = self.session } }

    /// The order for a session.
    var agent: Spawn.Agent {
        guard case .agent(let agent) = spawn.confinement else { fatalError("not an agent's order") }
        return agent
    }

    /// Runs a script as the agent in its sandbox.
    @discardableResult
    func agent(_ script: String) throws -> SandboxRun.Outcome {
        var spawn = spawn
        spawn.words = ["/bin/sh", "-c", Self.common + script]
        return try SandboxRun.run(spawn)
    }

    /// A session: what the agent does between the guard's looks.
    func session(_ body: () throws -> Void) throws -> [SessionNote] {
        try Self.supervised {
            let projectGuard = try begin()
            try body()
            return projectGuard.end()
        }
    }

    /// The guard's first look; only where sessions are supervised.
    func begin() throws -> ProjectGuard { try ProjectGuard.make(at: SessionSite(of: agent, in: group)) }

    /// Runs something as a supervisor of sessions would, with the built guest program.
    static func supervised<Result>(_ body: () throws -> Result) throws -> Result {
        try Entering.$program.withValue(try Products.path("dvm-guest"), operation: body)
    }

    func exists(_ path: String) -> Bool { Status.of(FilePath("\(stage.project)/\(path)")) != nil }

    /// What a file of the project says.
    func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: "\(stage.project)/\(path)").map { String(decoding: $0, as: UTF8.self) }
    }

    var isProven: Bool { Status.of(FilePath(proof)) != nil }

    /// Git as the developer has it, and a payload any attack can use.
    private static let common = """
        exec 2>&1; export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x
        payload() { printf '#!/bin/sh\\ntouch "$HOME/proof" 2>/dev/null\\ncat\\n' > "$1"; chmod 755 "$1"; }

        """
}
