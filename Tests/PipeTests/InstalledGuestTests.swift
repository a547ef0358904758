import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// The static program that `make stage` installs, and no other: what is built for tests is linked dynamically.
@Suite struct `The guest program as it is installed` {
    private let path: String

    init() throws {
        guard let stage = ProcessInfo.processInfo.environment["DVM_STAGE"] else {
            throw MissingPrerequisite("DVM_STAGE names no installation; run `make stage`, then set it to .build/stage")
        }
        #if arch(arm64)
        path = "\(stage)/share/dvm/guest/aarch64/dvm-guest"
        #else
        path = "\(stage)/share/dvm/guest/x86_64/dvm-guest"
        #endif
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw MissingPrerequisite("\(path) is not there; run `make stage`")
        }
    }

    @Test func `is at most 20 MB`() throws {
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        #expect(try #require(size) <= 20_000_000)
    }

    /// The kinds of a program's segments (elf(5), `p_type`).
    private func segments(of path: String) throws -> [Int] {
        let bytes = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
        func number(_ index: Int, _ count: Int) -> Int {
            bytes[index..<(index + count)].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        try #require(bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]))
        let (table, size) = (number(32, 8), number(54, 2))
        return (0..<number(56, 2)).map { number(table + $0 * size, 4) }
    }

    @Test func `needs no loader and no library`() throws {
        let interpreter = 3
        #expect(try !segments(of: path).contains(interpreter))
        // A program that does.
        #expect(try segments(of: "/bin/sh").contains(interpreter))
    }

    /// The files that a program and what it starts open, from strace(1).
    private func opened(by words: [String], body: (PretendVM, [String]) throws -> Void) throws -> [String] {
        let strace = "/usr/bin/strace"
        guard FileManager.default.isExecutableFile(atPath: strace) else {
            throw MissingPrerequisite("\(strace) is missing: apt-get install strace")
        }
        let vm = try PretendVM()
        let log = vm.directory.path + "/strace"
        try body(vm, vm.command([strace, "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", log] + words))
        return try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").compactMap {
            let parts = $0.split(separator: "\"")
            return parts.count > 1 ? String(parts[1]) : nil
        }
    }

    /// What Bubblewrap makes for a file of the view is in `/newroot`, and read by nobody.
    private func isOfNSS(_ file: String) -> Bool {
        !file.hasPrefix("/newroot/") && (file.contains("libnss") || file.contains("nsswitch"))
    }

    private func run(_ words: [String]) throws -> Link {
        let command = GuestCommand(
            executable: FilePath(words[0]),
            arguments: Array(words.dropFirst()),
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        )
        return Link(try LinkProcess(command)) { _ in }
    }

    @Test func `looks accounts up without a module of the VM`() throws {
        let files = try opened(by: [path, "serve"]) { _, words in
            let link = try run(words)
            link.send(try Frame(.hello, channel: 0, json: Hello(time: WallClock.now)))
            // Programs as both accounts, and a task that looks for the user; none of them asks NSS for itself.
            let requests = [
                Request.program(Program(.words(["/bin/true"]))),
                .program(Program(.tool(name: "shell", arguments: ["--norc", "-c", ":"]))),
                .task(.work),
            ]
            for (index, request) in requests.enumerated() {
                link.send(try Frame(.open, channel: UInt32(index + 1), json: request))
            }
            var endings: [UInt32: Frame.Kind] = [:]
            while endings.count < requests.count {
                for frame in try link.turn().frames where [.exit, .result, .refused].contains(frame.kind) {
                    endings[frame.channel] = frame.kind
                }
            }
            #expect(endings == [1: .exit, 2: .exit, 3: .result])
            link.end()
            while (try? link.turn()) != nil {}
        }
        #expect(files.contains("/etc/passwd"))
        #expect(files.filter(isOfNSS) == [])
    }

    @Test func `would be caught using one`() throws {
        let files = try opened(by: ["/usr/bin/getent", "passwd", "root"]) { _, words in
            let link = try run(words)
            while (try? link.turn()) != nil {}
        }
        #expect(files.contains(where: isOfNSS))
    }
}
