import DVMProtocol
import Foundation
import Glibc
import TestSupport

@testable import dvm_guest

/// A project, a developer and an agent on this machine's own file system; two users that are only numbers.
final class SandboxStage {
    let developer: UInt32 = 64_301
    let agent: UInt32 = 64_302
    let top: String

    /// The order for a tool with state that is a shell script.
    func agent(script: String, state: [String]) -> Spawn { agent(script: script).agent { $0.state = state } }

    var home: String { "\(top)/home/developer" }
    var project: String { "\(home)/code/app" }
    var toolHome: String { "\(top)/agents/shell" }
    var secret: String { "\(home)/.ssh/id_ed25519" }
    static let canary = "canary-5e7d"

    init() throws {
        guard geteuid() == 0 else {
            throw MissingPrerequisite("these tests change users and mounts, and need root: run them with sudo")
        }
        guard unsafe access(Bubblewrap.path, X_OK) == 0 else {
            throw MissingPrerequisite("\(Bubblewrap.path) is missing: apt-get install bubblewrap")
        }
        // Not below /home or /root, which the launcher covers: what is hidden here is hidden by the view alone.
        top = "/var/tmp/dvm-sandbox-\(UUID().uuidString)"
        for path in ["\(home)/.ssh", project, toolHome, "\(top)/agents/other"] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try Data(Self.canary.utf8).write(to: URL(fileURLWithPath: secret))
        try Data(Self.canary.utf8).write(to: URL(fileURLWithPath: "\(top)/agents/other/token"))
        for path in [home, "\(home)/.ssh", secret, "\(home)/code", project] { own(path, developer) }
        for path in ["\(top)/agents/other", "\(top)/agents/other/token"] { own(path, agent) }
        mode(home, 0o700)
    }

    deinit { try? FileManager.default.removeItem(atPath: top) }

    func own(_ path: String, _ uid: UInt32) { _ = unsafe lchown(path, uid, uid) }

    func mode(_ path: String, _ mode: mode_t) { _ = unsafe chmod(path, mode) }

    /// Who owns a file outside, and its mode.
    func owner(_ path: String) -> UInt32? { Status.of(FilePath(path))?.uid }

    static let session = SessionID(seconds: 1_700_000_000, salt: 1)

    /// The order for a tool in the sandbox.
    func agent(_ words: [String], directory: String = "", terminal: Bool = false, policy: AgentPolicy = AgentPolicy())
        -> Spawn
    {
        Spawn(
            words: words,
            environment: ["PATH": "/usr/bin:/bin", "HOME": toolHome, "LANG": "C.UTF-8"],
            terminal: terminal,
            confinement: .agent(
                Spawn.Agent(
                    uid: agent,
                    gid: agent,
                    developerUid: developer,
                    developerGid: developer,
                    developerHome: home,
                    project: project,
                    home: toolHome,
                    directory: directory,
                    session: Self.session,
                    tool: "shell",
                    policy: policy
                )
            )
        )
    }

    /// The order for a shell script in the sandbox.
    func agent(script: String, directory: String = "", terminal: Bool = false) -> Spawn {
        agent(["/bin/sh", "-c", script], directory: directory, terminal: terminal)
    }

    /// The same script without the sandbox, as any user: the control.
    func plain(script: String, as uid: UInt32, terminal: Bool = false) -> Spawn {
        plain(["/bin/sh", "-c", script], as: uid, terminal: terminal)
    }

    func plain(_ words: [String], as uid: UInt32, terminal: Bool = false, groups: [UInt32] = []) -> Spawn {
        Spawn(
            words: words,
            environment: ["PATH": "/usr/bin:/bin", "HOME": home, "LANG": "C.UTF-8"],
            terminal: terminal,
            confinement: .developer(
                Spawn.Developer(uid: uid, gid: uid, groups: groups, directory: project, home: home)
            )
        )
    }
}

extension Spawn {
    /// The order with the agent's part changed.
    func agent(_ change: (inout Agent) -> Void) -> Self {
        guard case .agent(var agent) = confinement else { return self }
        change(&agent)
        var spawn = self
        spawn.confinement = .agent(agent)
        return spawn
    }
}
