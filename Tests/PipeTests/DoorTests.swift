import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// A VM whose door is open, as systemd opens it: a listening socket on standard input.
private final class OpenDoor {
    let vm: PretendVM
    let pid: pid_t
    /// Where the program is installed, as this process reaches it.
    let installed: String

    init() throws {
        vm = try PretendVM()
        installed = vm.directory.path + "/libexec/dvm-guest"
        // By another process: what one of ours has open for writing while another test starts a program is busy there.
        let copy = try Process.run(
            URL(filePath: "/usr/bin/install"),
            arguments: ["-m", "755", try Products.path("dvm-guest"), installed]
        )
        copy.waitUntilExit()
        let listener = try Self.listener(at: vm.outside("/run/dvm/door.sock"))
        var settings = SpawnSettings()
        settings.place(listener, at: 0)
        settings.separateGroup()
        let place = "/usr/local/libexec/dvm-guest"
        let words = vm.command([place, "door", "--installed", place])
        pid = try settings.spawn(FilePath(words[0]), words, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        try #require(pid > 1)
        try listener.close()
    }

    deinit {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// What `dvm-guest link` becomes for an account of the VM; nothing is said to it yet.
    func knock(as uid: UInt32) throws -> Link {
        let identity = ["setpriv", "--reuid=\(uid)", "--regid=\(uid)", "--clear-groups"]
        let command = vm.command((uid == 0 ? [] : identity) + [try Products.path("dvm-guest"), "link"])
        let process = try LinkProcess(
            GuestCommand(
                executable: FilePath(command[0]),
                arguments: Array(command.dropFirst()),
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
            )
        )
        return Link(process) { _ in }
    }

    /// Lets it have descriptors below a number only, from now on.
    func limitDescriptors(to most: Int) throws {
        let words = ["--pid", "\(pid)", "--nofile=\(most):"]
        let limit = try Process.run(URL(filePath: "/usr/bin/prlimit"), arguments: words)
        limit.waitUntilExit()
        try #require(limit.terminationStatus == 0)
    }

    /// The time it has computed so far, in hundredths of a second.
    func computed() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8).split(separator: " ")
        // utime and stime of proc_pid_stat(5); the name of this program has no space.
        return (Int(fields[13]) ?? 0) + (Int(fields[14]) ?? 0)
    }

    /// How many descriptors it has.
    func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count }

    /// What tells files apart; of a process's program through `/proc`.
    static func fileNumber(_ path: String) -> UInt64? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
    }

    /// A socket that anybody may connect to, so that the door alone decides.
    private static func listener(at path: String) throws -> FileDescriptor {
        let number = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try #require(number >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        try #require(bytes.count < MemoryLayout.size(ofValue: address.sun_path))
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let bound = unsafe withUnsafePointer(to: address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        let opened = unsafe chmod(path, 0o666)
        try #require(bound == 0 && listen(number, 16) == 0 && opened == 0)
        return FileDescriptor(rawValue: number)
    }
}

@Suite struct `The host's door` {
    private func welcome(_ link: Link) throws -> Welcome {
        link.send(try Frame(.hello, channel: 0, json: Hello(time: WallClock.now)))
        while true {
            for frame in try link.turn().frames { return try frame.json(Welcome.self) }
        }
    }

    /// What a program printed, and how it ended.
    private func run(_ words: [String], over link: Link, channel number: UInt32) throws -> String {
        link.send(try Frame(.open, channel: number, json: Request.program(Program(.words(words)))))
        var channel = ClientChannel(number: number)
        var text = ""
        while true {
            for frame in try link.turn().frames {
                switch try channel.receive(frame) {
                case .received(_, let bytes): text += String(decoding: bytes, as: UTF8.self)
                case .ended(let ending): return "\(text)\(ending)"
                default: break
                }
            }
        }
    }

    @Test func `lets the control account and root in, one after the other and at once`() throws {
        let door = try OpenDoor()
        for uid in [door.vm.control, 0, door.vm.control] {
            let link = try door.knock(as: uid)
            let other = try door.knock(as: uid)
            _ = try welcome(link)
            _ = try welcome(other)
            for (number, link) in [(1, link), (2, link), (1, other)] as [(UInt32, Link)] {
                let answer = try run(["/bin/sh", "-c", "id -un; pwd; exit 7"], over: link, channel: number)
                #expect(answer == "developer\n\(door.vm.project)\n\(ClientChannel.Ending.exit(.exited(7)))")
            }
        }
    }

    @Test(arguments: [64_101, 64_102, 65_534] as [UInt32])
    func `is closed to the developer, the agent and strangers`(uid: UInt32) throws {
        let door = try OpenDoor()
        let link = try door.knock(as: uid)
        // What is left to them is sudo, which refuses.
        #expect(throws: Link.Failure.self) { _ = try welcome(link) }
        // And it is still open to whom it is for.
        _ = try welcome(door.knock(as: door.vm.control))
    }

    @Test func `waits without computing where the system has no descriptor for a connection`() throws {
        let door = try OpenDoor()
        _ = try welcome(door.knock(as: door.vm.control))
        // Its three streams, and the way to the `serve` that is made ready half a second after the visitor came; while it
        // is made there are more.
        let deadline = ContinuousClock.now + .seconds(20)
        while try door.descriptors() != 4, ContinuousClock.now < deadline { usleep(10_000) }
        try door.limitDescriptors(to: 4)

        let link = try door.knock(as: door.vm.control)
        usleep(200_000)
        let before = try door.computed()
        sleep(1)
        // Of the hundred that one who tries again at once has computed.
        #expect(try door.computed() - before < 20)

        try door.limitDescriptors(to: 1024)
        _ = try welcome(link)
    }

    @Test func `does not wait for those who say nothing`() throws {
        let door = try OpenDoor()
        let silent = try (0..<5).map { _ in try door.knock(as: door.vm.control) }
        let link = try door.knock(as: door.vm.control)
        _ = try welcome(link)
        #expect(silent.count == 5)
    }

    @Test func `ends what came through it with the login that came`() throws {
        let door = try OpenDoor()
        let link = try door.knock(as: door.vm.control)
        _ = try welcome(link)
        let mark = "86400.\(UInt32.random(in: 1_000_000...9_999_999))"
        let program = Program(.words(["/bin/sh", "-c", "echo ready; sleep \(mark)"]))
        link.send(try Frame(.open, channel: 1, json: Request.program(program)))
        var isReady = false
        while !isReady { isReady = try link.turn().frames.contains { $0.kind == .output } }

        link.end()
        while (try? link.turn()) != nil {}
        let deadline = ContinuousClock.now + .seconds(20)
        while try !commandLines(with: mark).isEmpty, ContinuousClock.now < deadline { usleep(10_000) }
        #expect(try commandLines(with: mark) == [])
    }

    @Test func `is of the installed build as soon as another one is installed`() throws {
        let door = try OpenDoor()
        let link = try door.knock(as: door.vm.control)
        _ = try welcome(link)
        let before = OpenDoor.fileNumber("/proc/\(door.pid)/exe")
        // Another file of the same contents: what counts is what lies there.
        let copy = try Process.run(
            URL(filePath: "/bin/sh"),
            arguments: [
                "-c",
                "cp '\(door.installed)' '\(door.installed).new' && mv '\(door.installed).new' '\(door.installed)'",
            ]
        )
        copy.waitUntilExit()
        let new = OpenDoor.fileNumber(door.installed)
        #expect(before != nil && before != new)

        // Already the first who comes then.
        let next = try door.knock(as: door.vm.control)
        _ = try welcome(next)
        let served = try run(["/bin/sh", "-c", "echo $PPID"], over: next, channel: 1)
        let serve = try #require(served.split(separator: "\n").first.flatMap { pid_t($0) })
        #expect(OpenDoor.fileNumber("/proc/\(serve)/exe") == new)
        let deadline = ContinuousClock.now + .seconds(20)
        while OpenDoor.fileNumber("/proc/\(door.pid)/exe") != new, ContinuousClock.now < deadline { usleep(10_000) }
        #expect(OpenDoor.fileNumber("/proc/\(door.pid)/exe") == new)
        // Who came before is not disturbed.
        #expect(try run(["/bin/echo", "on"], over: link, channel: 1) == "on\n\(ClientChannel.Ending.exit(.exited(0)))")
        _ = try welcome(door.knock(as: door.vm.control))
    }

    private func commandLines(with mark: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
            .compactMap { try? String(contentsOfFile: "/proc/\($0)/cmdline", encoding: .utf8) }
            .filter { $0.contains(mark) }
    }
}
