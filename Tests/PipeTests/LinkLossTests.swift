import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

func removeFile(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }

@Suite struct `When the link dies` {
    /// Whether a process of the developer goes on two seconds after the link was cut.
    private func survives(_ client: GuestClient, _ mark: String) throws -> Bool {
        client.link.end()
        // The guest closes its side when it has done what it does.
        while (try? client.link.turn()) != nil {}
        for _ in 0..<200 {
            guard try isRunning(mark) else { return false }
            usleep(10_000)
        }
        return true
    }

    private func isRunning(_ mark: String) throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").contains { name in
            Int(name) != nil
                && (try? String(contentsOfFile: "/proc/\(name)/cmdline", encoding: .utf8))?.contains(mark) == true
        }
    }

    private func mark() -> String { "86400.\(UInt32.random(in: 1_000_000...9_999_999))" }

    @Test func `a program with a terminal gets a hangup`() throws {
        let client = try GuestClient(PretendVM())
        let mark = mark()
        let terminal = Program.Terminal(name: "xterm", size: TerminalSize(columns: 80, rows: 24))
        let channel = try client.open(
            .program(Program(.words(["/bin/sh", "-c", "echo ready; sleep \(mark)"]), terminal: terminal))
        )
        _ = try client.follow(channel) { $0.text.contains("ready") }

        #expect(try !survives(client, mark))
    }

    @Test func `a program without one gets it too`() throws {
        let client = try GuestClient(PretendVM())
        let mark = mark()
        let channel = try client.open(.program(Program(.words(["/bin/sh", "-c", "echo ready; sleep \(mark)"]))))
        _ = try client.follow(channel) { $0.text.contains("ready") }

        #expect(try !survives(client, mark))
    }

    @Test func `what left the session lives on`() throws {
        let client = try GuestClient(PretendVM())
        let mark = mark()
        let script = "setsid sleep \(mark) </dev/null >/dev/null 2>&1 & sleep 0.2; echo $!"
        let outcome = try client.run(Program(.words(["/bin/sh", "-c", script])))
        let pid = try #require(pid_t(outcome.text.split(separator: "\n").first ?? ""))
        try #require(pid > 1)
        defer { kill(pid, SIGKILL) }

        #expect(try survives(client, mark))
    }

    @Test(arguments: [
        Frame(.open, channel: 0), Frame(.hello, channel: 0), Frame(.input, channel: 99),
        Frame(.open, channel: 1, payload: []),
    ])
    func `a host that breaks the rules loses the link`(frame: Frame) throws {
        let client = try GuestClient(PretendVM())
        _ = try client.welcome()
        let mark = mark()
        let channel = try client.open(.program(Program(.words(["/bin/sh", "-c", "echo ready; sleep \(mark)"]))))
        _ = try client.follow(channel) { $0.text.contains("ready") }
        client.link.send(frame)

        #expect(throws: (any Error).self) { while true { _ = try client.link.turn() } }
        #expect(try !survives(client, mark))
    }
}
