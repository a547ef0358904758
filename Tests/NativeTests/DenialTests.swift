import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `Places closed to the agent` {
    private static let home = "/home/dev"
    private static let project = "/home/dev/code/app"

    private func places(_ denied: [String]) throws(Refusal) -> DeniedPlaces {
        try DeniedPlaces(denied, home: Self.home, project: Self.project)
    }

    @Test(arguments: [
        ".ssh", ".gnupg", ".npmrc", ".pypirc", ".config/pip", ".cargo/credentials.toml", ".git-credentials",
        ".config/gh",
        ".config/op", ".aws", ".config/gcloud", ".azure", ".config/doctl", ".docker", ".kube", ".netrc",
        ".bash_history",
    ])
    func `are these without being named`(place: String) throws { #expect(try places([]).inHome.contains(place)) }

    @Test func `are plain paths below a home, each once`() throws {
        let all = SecretPlaces.inHome
        #expect(Set(all).count == all.count)
        for place in all { try AgentPolicy.checkDenied("~/" + place) }
    }

    @Test func `are those that the configuration names, too`() throws {
        let places = try places(["~/notes/keys", "/home/dev/other", "/srv/data", "~/.ssh"])
        #expect(places.inHome == SecretPlaces.inHome + ["notes/keys", "other"])
        #expect(places.named == ["notes/keys", "other", ".ssh"])
        #expect(places.elsewhere == ["/srv/data"])
    }

    @Test(
        arguments: [
            ("~/code/app", "is in the project"), ("~/code/app/keys", "is in the project"), ("~/code", "project"),
            ("/home/dev", "closed to agents already"), ("/", "cannot"), ("/usr", "cannot start without /usr/bin"),
            ("/usr/bin", "cannot start"), ("/var/lib", "cannot start without /var/lib/dvm-agent"), ("/home", "project"),
            ("/etc", "cannot start"), ("/srv/../etc", "cannot be closed"), ("notes", "cannot be closed"),
        ]
    )
    func `are not what an agent needs`(path: String, complaint: String) {
        let refusal = #expect(throws: Refusal.self) { _ = try places([path]) }
        #expect(refusal?.message.contains(complaint) == true, "\(refusal?.message ?? "")")
        #expect(refusal?.hint != nil)
    }
}

@Suite struct `Closing a place` {
    let tree: AccessStage
    init() throws { tree = try AccessStage() }

    private func make(_ name: String, mode: mode_t) throws -> String {
        let path = "\(tree.stage.home)/\(name)"
        try Data(SandboxStage.canary.utf8).write(to: URL(fileURLWithPath: path))
        tree.stage.own(path, tree.stage.developer)
        tree.stage.mode(path, mode)
        return path
    }

    private func close(_ place: String) throws -> Denial {
        let home = try Directories.openOwned(FilePath(tree.stage.home), by: tree.stage.developer)
        return Denial.close(place, below: home.raw, to: tree.stage.agent)
    }

    @Test func `takes it from the agent and from nobody else`() throws {
        // As if the first wall had a gap.
        tree.stage.mode(tree.stage.home, 0o755)
        let path = try make(".npmrc", mode: 0o644)
        #expect(try tree.shell("cat \(path)", as: tree.stage.agent).output == SandboxStage.canary, "the control")

        #expect(try close(".npmrc") == .closedByEntry(anew: true))
        #expect(try tree.shell("cat \(path)", as: tree.stage.agent).exit != .exited(0))
        #expect(try tree.shell("cat \(path)", as: 64_388).output == SandboxStage.canary)
        #expect(Status.of(FilePath(path))?.permissions.rawValue == 0o644)
        #expect(try close(".npmrc") == .closedByEntry(anew: false))
    }

    /// An entry would need a mask, and `ssh` uses no key whose mode shows rights of a group.
    @Test func `leaves the mode of a key as ssh wants it`() throws {
        let path = try make("key", mode: 0o600)
        #expect(try close("key") == .closedByMode)
        #expect(Status.of(FilePath(path))?.permissions.rawValue == 0o600)
        tree.stage.mode("\(tree.stage.home)/.ssh", 0o700)
        #expect(try close(".ssh") == .closedByMode)
        #expect(Status.of(FilePath("\(tree.stage.home)/.ssh"))?.permissions.rawValue == 0o700)
    }

    @Test func `closes a directory with all below it`() throws {
        tree.stage.mode(tree.stage.home, 0o755)
        let read = "cat \(tree.stage.secret)"
        #expect(try tree.shell(read, as: tree.stage.agent).output == SandboxStage.canary, "the control")
        #expect(try close(".ssh") == .closedByEntry(anew: true))
        #expect(try tree.shell(read, as: tree.stage.agent).exit != .exited(0))
    }

    @Test func `follows no link, and finds nothing where there is nothing`() throws {
        let path = try make("real", mode: 0o644)
        #expect(unsafe symlink(path, "\(tree.stage.home)/.netrc") == 0)
        #expect(unsafe symlink(".ssh", "\(tree.stage.home)/.gnupg") == 0)
        #expect(try close(".netrc") == .link)
        #expect(try close(".gnupg/id_ed25519") == .link)
        #expect(try tree.list(path) == AccessList(mode: 0o644))
        #expect(try close(".aws") == .absent)
        #expect(try close("real/below") == .absent)
    }

    @Test func `never leaves the directory it works in`() throws {
        guard case .failed = try close("../../agents") else {
            Issue.record("it was opened")
            return
        }
        guard case .failed = try close("/etc") else {
            Issue.record("it was opened")
            return
        }
    }

    /// Tried by a process that becomes the agent: what counts is what the kernel answers.
    @Test func `is tried as the agent itself`() async {
        await #expect(processExitsWith: .success) {
            let tree = try AccessStage()
            let home = tree.stage.home
            func make(_ name: String, _ mode: mode_t) throws {
                try Data().write(to: URL(fileURLWithPath: "\(home)/\(name)"))
                tree.stage.own("\(home)/\(name)", tree.stage.developer)
                tree.stage.mode("\(home)/\(name)", mode)
            }
            try make("open", 0o644)
            try make("writable", 0o622)
            try make("closed", 0o600)
            try make("denied", 0o644)
            // As `chmod g=` leaves it: the kernel does not look at the list, and others may.
            try make("ineffective", 0o644)
            let directory = try Directories.openOwned(FilePath(home), by: tree.stage.developer)
            for name in ["denied", "ineffective"] {
                _ = Denial.close(name, below: directory.raw, to: tree.stage.agent)
            }
            tree.stage.mode("\(home)/ineffective", 0o604)
            _ = unsafe symlink("open", "\(home)/link")
            _ = unsafe mkdir("\(home)/entered", 0o711)
            _ = unsafe mkdir("\(home)/not-entered", 0o700)
            let order = ReachOrder(
                uid: tree.stage.agent,
                gid: tree.stage.agent,
                home: home,
                owner: tree.stage.developer,
                inHome: [
                    "open", "writable", "closed", "denied", "ineffective", "link", "entered", "not-entered", "none",
                ],
                elsewhere: ["/etc/shadow", "/etc/passwd", "/none"]
            )
            #expect(
                try ReachCommand.answers(order) == [
                    "open": .open, "writable": .open, "closed": .closed, "denied": .closed, "ineffective": .open,
                    "link": .link, "entered": .open, "not-entered": .closed, "none": .absent,
                    "/etc/shadow": .closed, "/etc/passwd": .open, "/none": .absent,
                ]
            )
        }
    }

    @Test func `is reported by doctor for what it is`() {
        let good = DenialChecks.check([".ssh": .closed, ".aws": .absent])
        #expect(good.verdict == .pass)
        let open = DenialChecks.check([".ssh": .open, ".aws": .closed, ".kube": .link])
        #expect(open.verdict == .warn)
        #expect(open.found.contains(".ssh") && !open.found.contains(".aws"))
        #expect(open.remedy?.contains("dvm sync") == true)
        #expect(DenialChecks.check([".kube": .link]).verdict == .warn)
        // Nothing else is before it there.
        #expect(DenialChecks.check(["/srv/keys": .open, ".ssh": .open]).verdict == .fail)
    }

    /// What `dvm sync` fails for is not less to doctor.
    @Test(arguments: [Reach.open, .link])
    func `fails doctor where the configuration names it`(reach: Reach) {
        let places = [".ssh": Reach.open, "notes/key": reach]
        #expect(DenialChecks.check(places).verdict == .warn)
        let check = DenialChecks.check(places) { $0 == "notes/key" }
        #expect(check.verdict == .fail)
        #expect(check.found.contains("notes/key") && check.found.contains(".ssh"))
    }

    /// Instead of the guest program, what stands for one that died on the way or answers for less than it was asked.
    @Test(arguments: ["kill -KILL $$", "exit 0", "echo '[]'", #"echo '[{"absent":{}}]'"#])
    func `is not done when whoever closes the home's places ends without an answer for each`(script: String) throws {
        let stage = try AccessStage().stage
        let program = "\(stage.top)/guest"
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: program))
        stage.mode(program, 0o755)
        let developer = Accounts.Account(
            name: "dev",
            uid: stage.developer,
            gid: stage.developer,
            home: stage.home,
            shell: "/bin/sh"
        )
        let agent = Accounts.Account(name: "ag", uid: stage.agent, gid: stage.agent, home: "/", shell: "/bin/sh")
        let places = try DeniedPlaces([], home: stage.home, project: stage.project)
        let refusal = #expect(throws: Refusal.self) {
            try Entering.$program.withValue(program) { _ = try places.close(to: agent, for: developer) }
        }
        #expect(refusal?.message == "closing the secrets in \(stage.home) ended without an answer")
    }
}
