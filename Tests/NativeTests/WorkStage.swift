import DVMProtocol
import Foundation
import Glibc
import TestSupport

@testable import dvm_guest

/// A code directory with repositories in it, a remote that counts as outside, and the look for work.
final class WorkStage {
    let developer: UInt32
    let top = "/var/tmp/dvm-work-\(UUID().uuidString)"
    var home: String { "\(top)/home" }
    var code: String { "\(home)/code/app" }

    init(developer: UInt32 = 64_311) throws {
        self.developer = developer
        guard geteuid() == 0 else {
            throw MissingPrerequisite("these tests change users, and need root: run them with sudo")
        }
        guard unsafe access("/usr/bin/git", X_OK) == 0 else {
            throw MissingPrerequisite("git is missing: apt-get install git")
        }
        for path in [top, home, "\(home)/code", code] {
            _ = unsafe mkdir(path, 0o755)
            _ = unsafe chown(path, developer, developer)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: top) }

    /// Runs a script as the developer, in the code directory.
    ///
    /// `cloned DIR` makes a repository that has a remote outside the VM, and nothing that this does not have.
    @discardableResult
    func developer(_ script: String) throws -> String {
        let common = """
            exec 2>&1; export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x
            export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=protocol.file.allow GIT_CONFIG_VALUE_0=always
            cloned() { git init -q -b main "$1" && cd "$1" && echo one >file && git add file && git commit -qm one &&
              git remote add origin https://example.org/x.git && git update-ref refs/remotes/origin/main HEAD; }

            """
        let outcome = try SandboxRun.run(
            Spawn(
                words: ["/bin/bash", "-ec", common + script],
                environment: ["PATH": "/usr/bin:/bin", "HOME": home, "LANG": "C.UTF-8"],
                terminal: false,
                confinement: .developer(
                    Spawn.Developer(uid: developer, gid: developer, groups: [], directory: code, home: home)
                )
            )
        )
        guard outcome.exit == .exited(0) else { throw MissingPrerequisite("the script failed: \(outcome)") }
        return outcome.output
    }

    /// What is found, by a process as the VM has it.
    func look() throws -> WorkReport {
        let order = LookOrder(
            uid: developer,
            gid: developer,
            task: .work(WorkOrder(directory: code, home: home))
        )
        return try Entering.$program.withValue(try Products.path("dvm-guest")) {
            let answer = try Entering.run(role: "look", order, within: .seconds(120))
            return try JSON.decode(WorkReport.self, from: answer.output)
        }
    }

    /// What is found of the only repository with anything.
    func repository() throws -> RepositoryWork? {
        let report = try look()
        return report.repositories.count == 1 ? report.repositories[0] : nil
    }
}
