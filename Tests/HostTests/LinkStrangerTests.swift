import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

/// What programs that may be anything come to, as `Link` tells it.
@Suite struct `A link to a stranger` {
    private let fixture: HostFixture

    init() throws { fixture = try HostFixture() }

    /// Everything a link brought until it failed.
    private struct Story {
        var frames: [Frame] = []
        var remarks: [String] = []
        var failure: (any Error)?
    }

    /// Follows a link to a shell script that finds prepared bytes in `$0/said`.
    private func story(_ script: String, said: [UInt8] = []) throws -> Story {
        let file = try FileDescriptor.open(
            FilePath("\(fixture.root)/said"),
            .writeOnly,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        try file.writeAll(said)
        try file.close()
        let command = GuestCommand(
            executable: "/bin/sh",
            arguments: ["-c", script, fixture.root],
            environment: ["PATH": "/usr/bin:/bin"]
        )
        var story = Story()
        let link = Link(try LinkProcess(command)) { story.remarks.append($0) }
        do {
            while true { story.frames += try link.turn().frames }
        } catch {
            story.failure = error
        }
        return story
    }

    private func failure(_ script: String, said: [UInt8] = []) throws -> Link.Failure? {
        try story(script, said: said).failure as? Link.Failure
    }

    private let greeting = GreetingScanner.line

    @Test func `that ends without a greeting tells its status and complaint`() throws {
        #expect(
            try failure("echo 'Last login: today'; echo 'ssh: no route to host' >&2; exit 255")
                == .noGreeting(status: 255, complaint: "ssh: no route to host\n")
        )
        #expect(try failure("kill -9 $$") == .noGreeting(status: 137, complaint: ""))
        #expect(try failure(":") == .noGreeting(status: 0, complaint: ""))
    }

    @Test func `that cannot be started is refused by name`() {
        let command = GuestCommand(executable: "/nonexistent/limactl", arguments: [], environment: [:])
        #expect(throws: Refusal("/nonexistent/limactl cannot be started: No such file or directory")) {
            try LinkProcess(command)
        }
    }

    @Test func `is understood after noise, which is remarked upon`() throws {
        let frame = try Frame(.refused, channel: 3, json: Refusal("no"))
        let story = try story(
            "printf 'Welcome to Debian\\n%%'; cat \"$0/said\"; echo bye >&2",
            said: greeting + frame.bytes
        )

        #expect(story.frames == [frame])
        #expect(story.remarks.contains("before the guest's greeting: Welcome to Debian\n%"))
        #expect(story.failure as? Link.Failure == .lost(complaint: "bye\n"))
    }

    @Test func `is understood when it speaks a byte at a time`() throws {
        let frame = Frame(.output, channel: 1, payload: [1, 2, 3])
        let story = try story(
            "i=0; while [ $i -lt \(greeting.count + 15) ]; do dd bs=1 count=1 skip=$i if=\"$0/said\" 2>/dev/null; "
                + "i=$((i+1)); done",
            said: greeting + frame.bytes
        )
        #expect(story.frames == [frame])
    }

    @Test func `that only makes noise is given up`() throws {
        #expect(try failure("yes") == .notOurs("more than 64 KiB before the guest's greeting"))
        // As much as is skipped, and no greeting after it.
        #expect(try failure("head -c 65536 /dev/zero; exit 4") == .noGreeting(status: 4, complaint: ""))
    }

    @Test(
        arguments: [
            // Lengths nobody may claim.
            [0x06, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF], [0x06, 0, 0, 0, 0, 0, 0, 1, 0, 4, 0, 1],
            // What only a host says, and what nobody says.
            [0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0x05, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
            [0x16, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            // Bytes that must be zero.
            [0x06, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0],
        ] as [[UInt8]]
    )
    func `that lies is believed nothing`(header: [UInt8]) throws {
        let first = Frame(.opened, channel: 1)
        // It goes on: nothing after the lie is looked at, or waited for.
        let story = try story("cat \"$0/said\"; yes", said: greeting + header + first.bytes)

        #expect(story.frames == [])
        guard case .notOurs = story.failure as? Link.Failure else {
            Issue.record("it was believed: \(String(describing: story.failure))")
            return
        }
    }

    @Test func `that stops in the middle of a frame was lost`() throws {
        let frame = Frame(.output, channel: 1, payload: [1, 2, 3])
        let story = try story("cat \"$0/said\"", said: greeting + frame.bytes.dropLast())
        #expect(story.frames == [])
        #expect(story.failure as? Link.Failure == .lost(complaint: ""))
    }

    @Test func `may complain as long as it likes, and its last words are kept`() throws {
        guard
            case .noGreeting(1, let complaint) = try failure(
                "i=0; while [ $i -lt 9000 ]; do echo \"complaint number $i\"; i=$((i+1)); done >&2; echo last >&2; exit 1"
            )
        else {
            Issue.record("another failure")
            return
        }
        #expect(complaint.utf8.count == 4096)
        #expect(complaint.hasSuffix("complaint number 8999\nlast\n"))
    }

    @Test func `that closes its standard error is still heard`() throws {
        let frame = Frame(.opened, channel: 1)
        let story = try story("exec 2>&-; cat \"$0/said\"; sleep 0.1", said: greeting + frame.bytes)
        #expect(story.frames == [frame])
    }

    @Test func `that does not listen is no reason to die`() throws {
        let command = GuestCommand(
            executable: "/bin/sh",
            arguments: ["-c", "exec <&-; sleep 0.2; exit 5"],
            environment: [:]
        )
        let link = Link(try LinkProcess(command)) { _ in }
        for _ in 0..<20 { link.send(Frame(.input, channel: 1, payload: [UInt8](repeating: 0, count: 60_000))) }
        #expect(throws: Link.Failure.noGreeting(status: 5, complaint: "")) { while true { _ = try link.turn() } }
    }
}
