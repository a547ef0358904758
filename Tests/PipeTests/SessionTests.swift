import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// Sessions that are watched over, as a host meets them; limits are tried in a real VM, whose kernel keeps them.
@Suite struct `Sessions, over pipes` {
    private static let terminal = Program.Terminal(name: "xterm", size: TerminalSize(columns: 90, rows: 20))

    private func shell(_ script: String, detached: Bool? = nil) -> Program {
        Program(
            .tool(name: "shell", arguments: ["--norc", "-c", script]),
            terminal: detached == true ? Self.terminal : nil,
            outputWindow: detached == true ? Credit.terminalWindow : Credit.pipeWindow,
            detached: detached
        )
    }

    private func list(_ client: GuestClient, ended: Bool = false) throws -> [SessionSummary] {
        let channel = try client.open(.task(.sessions(ended: ended)))
        guard case .result(let bytes) = try client.follow(channel).ending else { throw Refusal("no list") }
        return try JSON.decode([SessionSummary].self, from: bytes)
    }

    /// Starts a session that stays, and leaves it.
    private func start(_ script: String, in vm: PretendVM) throws -> SessionID {
        let client = try GuestClient(vm)
        let channel = try client.open(.program(shell(script, detached: true)))
        _ = try client.follow(channel) { _ in client.session(of: channel) != nil }
        let id = try #require(client.session(of: channel))
        client.leave()
        return id
    }

    private func attach(_ id: SessionID, _ client: GuestClient) throws -> UInt32 {
        try client.open(.attach(Attachment(session: id, size: TerminalSize(columns: 100, rows: 30))))
    }

    @Test func `a session is listed while it runs and recorded when it has ended`() throws {
        let vm = try PretendVM()
        let client = try GuestClient(vm)
        let channel = try client.open(.program(shell("echo ready; read line; exit 4")))
        _ = try client.follow(channel) { $0.text.contains("ready") }
        let running = try list(client)

        #expect(running.map(\.tool) == ["shell"])
        #expect(running.first?.id == client.session(of: channel))
        #expect(running.first?.words == ["/bin/bash", "--norc", "-c", "echo ready; read line; exit 4"])
        #expect(running.first?.asker == .host)
        #expect(running.first?.exit == nil)

        client.type("\n", on: channel)
        #expect(try client.follow(channel).ending == .exit(.exited(4)))
        #expect(try list(client) == [])
        let ended = try list(client, ended: true)
        #expect(ended.map(\.id) == running.map(\.id))
        #expect(ended.first?.exit == .exited(4))
        #expect(ended.first?.ended != nil)
    }
}
