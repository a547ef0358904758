import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `Pinning a project` {
    let stage: SandboxStage
    init() throws { stage = try SandboxStage() }

    /// The message and hint of a refusal, or nothing when the project is accepted.
    private func refusal(_ change: (inout Spawn.Agent) -> Void = { _ in }) -> Refusal? {
        guard case .agent(var agent) = stage.agent(script: "").confinement else { return nil }
        change(&agent)
        do throws(Refusal) {
            _ = try Project.pin(agent)
            return nil
        } catch {
            return error
        }
    }

    @Test func `accepts a directory of the developer`() {
        #expect(refusal() == nil)
    }

    @Test(arguments: [
        "/", "/usr", "/usr/src/app", "/etc", "/proc/self", "/run/app", "/var/lib/dvm-agent/claude", "/workspace/x",
    ])
    func `refuses places that are the system's`(path: String) throws {
        let refusal = try #require(refusal { $0.project = path })
        #expect(refusal.message.hasPrefix("\(path) cannot be a project"))
        #expect(refusal.hint != nil)
    }

    @Test(arguments: ["", "code/app", "/home/../etc", "/srv//app", "/srv/./app", "/srv/app/", "/srv/a\nb", "/srv/a\0b"])
    func `refuses what is not a plain path`(path: String) throws {
        #expect(try #require(refusal { $0.project = path }).message.contains("not a plain absolute path"))
    }

    @Test func `refuses the developer's home and everything above it`() {
        for path in [stage.home, "\(stage.top)/home", stage.top] {
            stage.own(path, stage.developer)
            #expect(refusal { $0.project = path }?.message.contains("contains the home") == true, "\(path)")
        }
    }

    @Test func `refuses the home under another name`() throws {
        // As a bind mount would show it: the same directory, another path. Here the home is the one with two names.
        let alias = "\(stage.top)/alias"
        #expect(unsafe symlink(stage.home, alias) == 0)
        let refusal = refusal {
            $0.developerHome = alias
            $0.project = stage.home
        }
        #expect(refusal?.message.contains("contains the home") == true)
    }

    @Test func `refuses somebody else's directory`() throws {
        stage.own(stage.project, 64_399)
        let refusal = try #require(self.refusal())
        #expect(refusal.message.contains("belongs to uid 64399"))
        // The control: it was the owner.
        stage.own(stage.project, stage.developer)
        #expect(self.refusal() == nil)
    }

    @Test(arguments: [".ssh", ".config", ".config/gh/app", ".aws/x"])
    func `refuses a place where secrets are kept`(place: String) throws {
        let path = "\(stage.home)/\(place)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        stage.own(path, stage.developer)
        #expect(refusal { $0.project = path }?.message.contains("closed to agents") == true)
    }

    @Test func `refuses what the configuration closes to agents`() throws {
        #expect(refusal { $0.policy.denied = ["~/code/app/keys"] }?.message.contains("~") == false)
        #expect(refusal { $0.policy.denied = ["~/code/app/keys"] }?.message.contains("closed to agents") == true)
        #expect(refusal { $0.policy.denied = ["~/code"] }?.message.contains("closed to agents") == true)
        #expect(refusal { $0.policy.denied = ["~/code/application", "/srv"] } == nil)
    }

    /// A disk of its own is a good place for projects.
    @Test func `accepts one on another device`() async {
        await #expect(processExitsWith: .success) {
            let stage = try SandboxStage()
            try Staging.leaveMountNamespace()
            try #require(unsafe mount("tmpfs", stage.project, "tmpfs", 0, nil) == 0)
            stage.own(stage.project, stage.developer)
            guard case .agent(let agent) = stage.agent(script: "").confinement else { return }
            let project = try Project.pin(agent)
            #expect(project.status.device != Status.of(FilePath(stage.home))?.device)
            _ = try ProjectMount.make(of: project, for: agent)
        }
    }

    @Test func `names the link in a path and says what to do`() throws {
        let link = "\(stage.top)/home/link"
        #expect(unsafe symlink("developer", link) == 0)
        let refusal = try #require(refusal { $0.project = "\(link)/code/app" })
        #expect(refusal.message.contains("symbolic link at \(link)"))
        #expect(refusal.hint?.contains("without links") == true)
    }

    @Test func `refuses a last part that is a link`() throws {
        try FileManager.default.moveItem(atPath: stage.project, toPath: "\(stage.home)/code/real")
        #expect(unsafe symlink("real", stage.project) == 0)
        #expect(refusal()?.message.contains("symbolic link at \(stage.project)") == true)
    }

    @Test func `says that there is none, or that it is a file`() throws {
        #expect(refusal { $0.project += "-none" }?.message.contains("does not exist") == true)
        try Data().write(to: URL(fileURLWithPath: "\(stage.top)/file"))
        #expect(refusal { $0.project = "\(stage.top)/file" }?.message.contains("is not a directory") == true)
    }

    @Test func `goes on meaning the directory it pinned`() throws {
        guard case .agent(let agent) = stage.agent(script: "").confinement else { return }
        let pinned = try Project.pin(agent)
        try FileManager.default.moveItem(atPath: stage.project, toPath: "\(stage.home)/code/moved")
        #expect(unsafe symlink("/etc", stage.project) == 0)
        #expect(try Status.of(pinned.descriptor.raw, called: "it").inode == pinned.status.inode)
        #expect(unsafe faccessat(pinned.descriptor.raw.rawValue, "passwd", F_OK, 0) == -1)
    }
}

@Suite struct `Checking Bubblewrap` {
    let stage: SandboxStage
    let copy: String

    init() throws {
        stage = try SandboxStage()
        copy = "\(stage.top)/bwrap"
        try FileManager.default.copyItem(atPath: Bubblewrap.path, toPath: copy)
        stage.mode(copy, 0o755)
    }

    private func refusal() -> Refusal? {
        do throws(Refusal) {
            try Bubblewrap.check(copy)
            return nil
        } catch {
            return error
        }
    }

    @Test func `accepts root's own without rights`() { #expect(refusal() == nil) }

    @Test(arguments: [0o4755, 0o2755, 0o6755] as [mode_t])
    func `refuses a setuid or setgid one`(mode: mode_t) {
        stage.mode(copy, mode)
        #expect(refusal()?.message.contains("setuid") == true)
        #expect(refusal()?.hint?.contains("chmod") == true)
    }

    @Test(arguments: [0o775, 0o757] as [mode_t])
    func `refuses one that others can write`(mode: mode_t) {
        stage.mode(copy, mode)
        #expect(refusal()?.message.contains("nobody else can write") == true)
    }

    @Test func `refuses somebody else's`() {
        stage.own(copy, stage.agent)
        #expect(refusal()?.message.contains("a file of root's") == true)
    }

    @Test func `refuses one with file capabilities`() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/sbin/setcap")
        process.arguments = ["cap_sys_admin+ep", copy]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw MissingPrerequisite("setcap does not work here") }
        #expect(refusal()?.message.contains("file capabilities") == true)
    }

    /// dvm-behaviour.md §22 #13: without Bubblewrap there is no agent.
    @Test func `refuses a link, a directory and nothing at all, with a remedy`() throws {
        try FileManager.default.removeItem(atPath: copy)
        #expect(refusal()?.hint?.contains("apt-get install bubblewrap") == true)
        #expect(refusal()?.hint?.contains("dnf install bubblewrap") == true)
        #expect(unsafe symlink(Bubblewrap.path, copy) == 0)
        #expect(refusal()?.message.contains("must be a file") == true)
    }

    /// A Bubblewrap before 0.8, as far as that matters: it knows the other options.
    @Test func `refuses one that is too old, and says what is new enough`() throws {
        var program = try Data(contentsOf: URL(fileURLWithPath: copy))
        let option = try #require(program.range(of: Data("--disable-userns\0".utf8)))
        program.replaceSubrange(option, with: Data("--disable-xxxxxx\0".utf8))
        try program.write(to: URL(fileURLWithPath: copy))
        #expect(refusal()?.message.contains("is too old: it has no --disable-userns") == true)
        #expect(refusal()?.hint?.contains("0.8 or newer") == true)
        // What is refused here would have been this at best: words of Bubblewrap's, in the person's terminal.
        let started = try SandboxRun.run(stage.plain([copy, "--disable-userns", "true"], as: stage.agent))
        #expect(started.output.contains("Unknown option --disable-userns"))
    }

    @Test func `refuses one that only some may run`() {
        stage.mode(copy, 0o750)
        #expect(refusal()?.message.contains("not executable") == true)
    }
}

@Suite struct `Explaining why there are no user namespaces` {
    struct Case: CustomTestStringConvertible, Sendable {
        var system: UserNamespaces
        var explained: String?
        var testDescription: String { explained ?? "fine" }
    }

    @Test(arguments: [
        Case(system: UserNamespaces()),
        Case(system: UserNamespaces(most: 30000, allowed: 1, restrictedByAppArmor: 0)),
        Case(system: UserNamespaces(most: 0), explained: "user.max_user_namespaces"),
        Case(system: UserNamespaces(most: 1, allowed: 0), explained: "unprivileged_userns_clone"),
        Case(
            system: UserNamespaces(restrictedByAppArmor: 1, profiles: ["cups", "unpriv_bwrap"]),
            explained: "AppArmor"
        ),
        Case(system: UserNamespaces(restrictedByAppArmor: 1, profiles: ["cups", "bwrap"])),
        Case(system: UserNamespaces(restrictedByAppArmor: 1, profiles: ["dvm-bwrap"])),
        Case(system: UserNamespaces(restrictedByAppArmor: 1, profiles: nil)),
        Case(system: UserNamespaces(restrictedByAppArmor: 0, profiles: [])),
    ])
    func `says which setting forbids them and how to change it`(example: Case) {
        let refusal = example.system.refusal
        #expect((refusal == nil) == (example.explained == nil))
        if let explained = example.explained {
            #expect(refusal?.message.contains(explained) == true)
            #expect(refusal?.hint?.contains("sudo") == true)
        }
    }
}

@Suite struct `Finding a file system that cannot show another owner` {
    static let mounts = """
        22 27 0:21 / /proc rw,relatime - proc proc rw
        27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw
        127 27 0:40 / /home/a\\040b rw - fuse.sshfs host:/ rw

        """

    @Test(arguments: [("27", "ext4"), ("22", "proc"), ("127", "fuse.sshfs")])
    func `reads its name`(id: String, name: String) {
        let place = ProjectMount.Place(
            descriptorInfo: "pos:\t0\nflags:\t012\nmnt_id:\t\(id)\nino:\t5\n",
            mounts: Self.mounts
        )
        #expect(place?.fileSystem == name)
    }

    @Test func `does without when the kernel says something else`() {
        #expect(ProjectMount.Place(descriptorInfo: "mnt_id:\t7\n", mounts: Self.mounts) == nil)
        #expect(ProjectMount.Place(descriptorInfo: "", mounts: Self.mounts) == nil)
    }

    @Test func `names file system and kernel, and a remedy`() {
        let place = ProjectMount.Place(descriptorInfo: "mnt_id: 127", mounts: Self.mounts)
        let refusal = ProjectMount.refusal(.invalidArgument, "/srv/app", place)
        #expect(refusal.message.contains("fuse.sshfs on Linux \(Kernel.release)"))
        #expect(refusal.hint?.contains("DVM_CODE_DIR") == true)
        #expect(ProjectMount.refusal(.noMemory, "/srv/app", place).hint == nil)
    }
}
