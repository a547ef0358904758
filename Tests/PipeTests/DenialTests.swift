import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

/// `DVM_AI_DENY`, from the settings of a VM by what `dvm sync` does last to what an agent reads.
@Suite struct `Places closed by the configuration, over pipes` {
    /// A place of a tool's, which the sandbox shows.
    private static let shown = "/usr/local/libexec/notes"
    private static let canary = "canary\n"
    private let vm: PretendVM

    init() throws {
        vm = try PretendVM()
        // Otherwise the commands of the tools would be this machine's.
        vm.hasOwnCommands = true
        try make("\(vm.directory.path)/libexec/notes/key", owner: 0)
        try make("\(vm.directory.path)/libexec/notes/other", owner: 0)
        try make(vm.outside("\(vm.home)/notes/key"), owner: vm.developer)
        try make(vm.outside("\(vm.home)/notes/other"), owner: vm.developer)
        try make(vm.outside("\(vm.home)/theirs"), owner: 0)
        try make(vm.outside("\(vm.home)/real"), owner: vm.developer)
        try #require(unsafe symlink("real", vm.outside("\(vm.home)/link")) == 0)
    }

    private func make(_ path: String, owner: UInt32) throws {
        let directory = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if owner != 0, directory.hasSuffix("/notes") { _ = unsafe chown(directory, owner, owner) }
        try Data(Self.canary.utf8).write(to: URL(filePath: path))
        try #require(unsafe chown(path, owner, owner) == 0 && chmod(path, 0o644) == 0)
    }

    private func deny(_ places: String...) throws {
        let list = places.map { "\"\($0)\"" }.joined(separator: ",")
        try vm.configure("\"denied\":[\(list)]")
    }

    /// The last step of `dvm sync`.
    private func settle() throws -> GuestClient.Outcome {
        let client = try GuestClient(vm)
        return try client.follow(client.open(.task(.settle(Settle()))))
    }

    /// What an agent reads in its sandbox.
    private func agent(_ path: String) throws -> String {
        try GuestClient(vm).run(Program(.tool(name: "shell", arguments: ["--norc", "-c", "cat \(path)"]))).text
    }

    /// What the agent's account reads that got out of it, and past the closed home.
    private func escaped(_ path: String) throws -> String {
        let home = vm.outside(vm.home)
        let command = vm.command([
            "/bin/sh", "-c",
            "setfacl -x u:\(vm.agent) \(home) 2>/dev/null; chmod o+x \(home); "
                + "setpriv --reuid \(vm.agent) --regid \(vm.agent) --clear-groups cat \(path); chmod o-x \(home)",
        ])
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    private func verdict() throws -> DoctorReport.Check? {
        let client = try GuestClient(vm)
        guard case .result(let bytes) = try client.follow(client.open(.task(.doctor))).ending else { return nil }
        return try JSON.decode(DoctorReport.self, from: bytes).checks.first { $0.name == "secrets and agent" }
    }

    @Test func `what an agent could read it cannot any more, in the sandbox and outside`() throws {
        let places = ["\(Self.shown)/key", "\(vm.home)/notes/key"]
        #expect(try agent(places[0]) == Self.canary)
        for place in places { #expect(try escaped(place) == Self.canary) }

        try deny(places[0], "~/notes/key")
        // Until then it is only written down, which doctor does not take for done.
        #expect(try verdict()?.verdict == .fail)
        let outcome = try settle()
        guard case .result = outcome.ending else {
            Issue.record("\(outcome)")
            return
        }
        #expect(try agent(places[0]) == "")
        for place in places { #expect(try escaped(place) == "") }
        // Those beside them are open as before, and the developer's own right to theirs.
        #expect(try agent("\(Self.shown)/other") == Self.canary)
        #expect(try escaped("\(vm.home)/notes/other") == Self.canary)
        #expect(try GuestClient(vm).run(Program(.words(["cat", places[1]]))).text == Self.canary)
        #expect(try verdict()?.verdict == .pass)
    }

    /// Ways in which the kernel keeps a list from being changed that could be changed otherwise.
    enum Obstacle: String, CaseIterable {
        case immutable, mountedReadOnly, diskFull

        var complaint: String {
            switch self {
            case .immutable: "Operation not permitted"
            case .mountedReadOnly: "Read-only file system"
            case .diskFull: "No space left on device"
            }
        }
    }

    private func run(_ script: String) throws {
        let shell = try Process.run(URL(filePath: "/bin/sh"), arguments: ["-ec", script])
        shell.waitUntilExit()
        guard shell.terminationStatus == 0 else { throw MissingPrerequisite("this failed: \(script)") }
    }

    /// Puts something in the way of closing a place in the home, and takes it away.
    private func obstruct(_ obstacle: Obstacle, _ place: String, _ isThere: Bool) throws {
        let file = vm.outside(place)
        switch obstacle {
        case .immutable: try run("chattr \(isThere ? "+i" : "-i") '\(file)'")
        case .mountedReadOnly:
            vm.coverings = isThere ? ["mount --bind \(place) \(place)", "mount -o remount,bind,ro \(place)"] : []
        case .diskFull:
            // Each another one: of the first, something may still be mounted when the second is.
            let disk = "\(vm.directory.path)/disk-\(isThere)"
            let directory = (place as NSString).deletingLastPathComponent
            let sizes = isThere ? "64k 1k" : ""
            // Without room for lists beside the files: one needs a block of its own.
            try run(
                """
                unshare --mount sh -ec "truncate -s 1M '\(disk)'; mkfs.ext4 -q -I 128 -m 0 '\(disk)' >/dev/null 2>&1
                mount -o loop '\(disk)' /mnt; cp -p '\(file)' /mnt; chown \(vm.developer) /mnt
                for size in \(sizes); do dd if=/dev/zero of=/mnt/filler\\$size bs=\\$size 2>/dev/null || true; done"
                """
            )
            vm.coverings = ["mount -o loop '\(disk)' \(directory)"]
        }
    }

    @Test(arguments: Obstacle.allCases)
    func `a list is not done while the kernel keeps one place from being closed`(obstacle: Obstacle) throws {
        let place = "\(vm.home)/notes/key"
        try deny("~/notes/key", "\(Self.shown)/key")
        try obstruct(obstacle, place, true)
        defer { if obstacle == .immutable { try? obstruct(obstacle, place, false) } }
        for _ in 1...2 {
            guard case .refused(let refusal) = try settle().ending else {
                Issue.record("reported as done")
                break
            }
            #expect(refusal.message.contains("notes/key") && refusal.message.contains(obstacle.complaint))
            #expect(refusal.hint != nil)
        }
        #expect(try escaped(place) == Self.canary, "there would be nothing to report")
        let check = try verdict()
        #expect(check?.verdict == .fail)
        #expect(check?.found.contains("notes/key") == true)
        #expect(try agent("\(Self.shown)/key") == "")

        // The control: without it, the same list is done.
        try obstruct(obstacle, place, false)
        guard case .result = try settle().ending else {
            Issue.record("refused without anything in the way")
            return
        }
        #expect(try escaped(place) == "")
        #expect(try verdict()?.verdict == .pass)
    }

    @Test func `every place that cannot be closed is named at once`() throws {
        try deny("/proc/version", "~/theirs", "~/link")
        guard case .refused(let refusal) = try settle().ending else {
            Issue.record("reported as done")
            return
        }
        for name in ["/proc/version", "theirs", "link is reached"] { #expect(refusal.message.contains(name)) }
    }

    /// Each beside one that can be closed: a place, and a part of what is said of it.
    @Test(
        arguments: [
            // A file system without access lists.
            ("/proc/version", "proc/version"),
            // Not the developer's to close, in a directory where root does nothing.
            ("~/theirs", "theirs"),
            ("~/link", "reached through a symbolic link"),
        ]
    )
    func `a list of which one place cannot be closed is not done, however often it is tried`(
        place: String,
        complaint: String
    ) throws {
        try deny(place, "\(Self.shown)/key")
        for _ in 1...2 {
            guard case .refused(let refusal) = try settle().ending else {
                Issue.record("reported as done")
                return
            }
            #expect(refusal.message.contains(complaint), "\(refusal.message)")
        }
        #expect(try verdict()?.verdict == .fail)
        // What could be closed is.
        #expect(try agent("\(Self.shown)/key") == "")

        try deny("\(Self.shown)/key")
        guard case .result = try settle().ending else {
            Issue.record("refused without the place")
            return
        }
    }
}
