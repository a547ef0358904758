import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `What comes to the port of a sign-in` {
    private static let callback = Tool.SignIn.Callback(port: 1455, path: "/auth/callback")

    private func read(_ line: String, _ fields: [String]) -> BrowserRequest {
        BrowserRequest.read(Array(([line] + fields + ["", ""]).joined(separator: "\r\n").utf8), for: Self.callback)
    }

    private static let line = "GET /auth/callback?code=a&state=b HTTP/1.1"
    private static let host = "Host: localhost:1455"

    @Test func `is the answer that a browser was sent with`() {
        let answer = BrowserRequest.answer("code=a&state=b")
        #expect(read(Self.line, [Self.host]) == answer)
        #expect(read(Self.line, ["HOST:  LocalHost:1455 "]) == answer)
        #expect(read(Self.line, ["Host: 127.0.0.1:1455"]) == answer)
        #expect(read(Self.line, ["Host: [::1]:1455"]) == answer)
        let fields = [Self.host, "Cookie: a=b", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "X: ü"]
        #expect(read(Self.line, fields) == answer)
    }

    @Test func `is waited for, byte by byte`() {
        let whole = Array("\(Self.line)\r\n\(Self.host)\r\n\r\n".utf8)
        for count in 0..<whole.count {
            #expect(BrowserRequest.read(Array(whole[..<count]), for: Self.callback) == .incomplete)
        }
        let endless = Array((Self.line + "\r\nA: " + String(repeating: "b", count: BrowserRequest.largest)).utf8)
        #expect(BrowserRequest.read(endless, for: Self.callback) == .other(431))
    }

    @Test(
        arguments: [
            // A page of another name that was made to lead here.
            (line, ["Host: example.org:1455"], 421), (line, ["Host: localhost"], 421), (line, [], 421),
            (line, ["Host: localhost:14550"], 421), (line, [host, host], 421),
            ("GET http://localhost:1455/auth/callback?code=a HTTP/1.1", [host], 404),
            ("GET /favicon.ico HTTP/1.1", [host], 404), ("GET /auth/callback/x?code=a HTTP/1.1", [host], 404),
            ("GET /auth/../auth/callback?code=a HTTP/1.1", [host], 404), ("GET /cancel HTTP/1.1", [host], 404),
            ("POST /auth/callback?code=a HTTP/1.1", [host], 405), ("get /auth/callback?code=a HTTP/1.1", [host], 405),
            (line, [host, "Content-Length: 0"], 405), (line, [host, "Transfer-Encoding: chunked"], 405),
            // What a page loads, sends or frames.
            (line, [host, "Sec-Fetch-Mode: no-cors"], 403), (line, [host, "Sec-Fetch-Mode: cors"], 403),
            (line, [host, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"], 403),
            ("GET /auth/callback HTTP/1.1", [host], 400), ("GET /auth/callback?state=b HTTP/1.1", [host], 400),
            ("GET /auth/callback?code=\u{7F} HTTP/1.1", [host], 400),
            ("GET  /auth/callback?code=a HTTP/1.1", [host], 400), ("GET /auth/callback?code=a HTTP/2", [host], 400),
            (line, [host, " folded"], 400), (line, [host, "no field"], 400), (line, [host, "A : b"], 400),
            ("\u{16}\u{3}\u{1}", [], 400),
        ] as [(String, [String], Int)]
    )
    func `is told no otherwise`(line: String, fields: [String], status: Int) {
        #expect(read(line, fields) == .other(status))
    }
}

/// A port that nobody listens on; another test may take it, but none does for long.
private func freePort() throws -> UInt16 {
    for _ in 0..<100 {
        let port = UInt16.random(in: 20_000..<30_000)
        if ["127.0.0.1", "::1"].allSatisfy({ LocalPort.look(at: $0, port: port) != .taken }) { return port }
    }
    throw MissingPrerequisite("these tests need a free port from 20000 to 30000")
}

@Suite struct `The port of a sign-in` {
    private let session = SessionID(seconds: 0, salt: 0)
    private let link: Link
    private let port: UInt16

    init() throws {
        let command = GuestCommand(
            executable: "/bin/sh",
            arguments: ["-c", "exec cat >/dev/null"],
            environment: ["PATH": "/usr/bin:/bin"]
        )
        link = Link(try LinkProcess(command)) { _ in }
        port = try freePort()
    }

    private func door(patience: Duration = SignInDoor.patience) throws -> SignInDoor {
        let door = try SignInDoor(
            for: "mine",
            in: "app",
            at: .init(port: port, path: "/back"),
            patience: patience
        )
        door.begin(above: 1)
        return door
    }

    /// A client of the port; nothing when it is closed.
    private func connected() -> FileDescriptor? {
        let client = FileDescriptor(rawValue: socket(AF_INET, 1, 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let made = unsafe withUnsafePointer(to: address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(client.rawValue, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard made == 0 else {
            try? client.close()
            return nil
        }
        LocalPort.makeOurs(client)
        return client
    }

    /// Lets the door do what can be done now.
    private func turn(_ door: SignInDoor) throws {
        for _ in 0..<3 {
            var ready = Readiness()
            door.register(in: &ready)
            try ready.wait(milliseconds: 5)
            try door.advance(ready, link)
        }
    }

    /// What a client is shown, as its first line.
    private func shown(_ client: FileDescriptor) -> String {
        let bytes = LocalPort.read(from: client) ?? []
        return String(decoding: bytes.prefix { $0 != 13 }, as: UTF8.self)
    }

    /// Asks for something and returns whoever waits for the answer.
    private func ask(_ query: String, of door: SignInDoor) throws -> FileDescriptor {
        let client = try #require(connected())
        _ = try client.writeAll(Array("GET /back\(query) HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n".utf8))
        try turn(door)
        return client
    }

    /// Expects that nobody else can have the port, and that whoever asks is told that it is over.
    private func expectHeld(_ door: SignInDoor) throws {
        let newest = door.newest
        for address in ["127.0.0.1", "::1"] { #expect(LocalPort.look(at: address, port: port) == .taken) }
        for query in ["?code=late&state=b", "-other"] {
            #expect(shown(try ask(query, of: door)) == "HTTP/1.1 410 Over")
        }
        #expect(door.newest == newest, "nothing is handed on")
    }

    private func answer(_ door: SignInDoor, _ status: Int) throws {
        let channel = door.newest
        #expect(try door.receive(Frame(.opened, channel: channel), link))
        let outcome = SignInOutcome(status: status)
        #expect(try door.receive(Frame(.result, channel: channel, json: outcome), link))
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `is refused where somebody listens at either address of this computer`(address: String) throws {
        let taken = try LocalPort.open(at: address, port: port)
        let refusal = #expect(throws: Refusal.self) { try door() }
        #expect(
            refusal?.message
                == "the browser cannot come back to port \(port) of this computer: something listens there already"
        )
        #expect(refusal?.hint?.contains("`dvm ai login --device mine app`") == true)
        // The other address was let go.
        for other in ["127.0.0.1", "::1"] where other != address {
            #expect(LocalPort.look(at: other, port: port) == .free)
        }
        try taken.close()
        _ = try door()
    }

    @Test func `lets nobody in before there is a session, and nobody after one answer was taken`() throws {
        let door = try door()
        let early = try ask("?code=a&state=b", of: door)
        #expect(LocalPort.read(from: early) == nil)
        #expect(door.newest == 1)

        door.opened(session)
        try turn(door)
        #expect(door.newest == 2)
        // Another connection, which speaks when it is over.
        let late = try #require(connected())
        try turn(door)
        try answer(door, 200)
        #expect(shown(early) == "HTTP/1.1 200 Handed on")
        try expectHeld(door)
        _ = try late.writeAll(Array("GET /back?code=c HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n".utf8))
        try turn(door)
        #expect(shown(late) == "HTTP/1.1 410 Over")
        #expect(door.newest == 2)
    }

    @Test func `takes an answer after some that the tool refuses, and stays held until it ends`() throws {
        let door = try door()
        door.opened(session)
        for count in 1...SignInDoor.mostAnswers {
            let visitor = try ask("?code=made-up-\(count)&state=b", of: door)
            try answer(door, 400)
            #expect(shown(visitor) == "HTTP/1.1 502 Not taken")
        }
        // The tool waits still, and another program must not take its place.
        try expectHeld(door)
        #expect(door.notes == ["mine took none of 8 answers, so port \(port) took no answer any more"])
        door.toolEnded()
        #expect(connected() == nil)
        #expect(LocalPort.look(at: "127.0.0.1", port: port) == .free)
    }

    @Test func `hands on nothing but the answer`() throws {
        let door = try door()
        door.opened(session)
        #expect(shown(try ask("", of: door)) == "HTTP/1.1 400 Not here")
        #expect(shown(try ask("-other?code=a", of: door)) == "HTTP/1.1 404 Not here")
        #expect(door.newest == 1)
    }

    @Test func `takes nothing after its time, and says so`() throws {
        let door = try door(patience: .zero)
        let early = try #require(connected())
        try early.close()
        door.opened(session)
        try turn(door)
        try expectHeld(door)
        #expect(
            door.notes
                == ["nobody came back from the browser within 0 minutes, so port \(port) took no answer any more"]
        )
        #expect(door.milliseconds.map { $0 > 0 } ?? true, "it does not spin")
    }

    @Test func `closes with the tool, and waits a moment for what is on its way`() throws {
        let door = try door()
        door.opened(session)
        let visitor = try ask("?error=access_denied", of: door)
        door.toolEnded()
        #expect(!door.isSettled)
        #expect(connected() == nil)
        try answer(door, 200)
        #expect(door.isSettled)
        #expect(shown(visitor) == "HTTP/1.1 200 Handed on")
    }

    @Test func `has a bounded number of connections, and takes nothing when there were too many`() throws {
        let door = try door()
        door.opened(session)
        var idle: [FileDescriptor] = []
        for _ in 0..<SignInDoor.mostConnections + 4 {
            idle.append(try #require(connected()))
            try turn(door)
        }
        for client in [idle[0], idle[SignInDoor.mostConnections]] {
            _ = try client.writeAll(Array("GET /x HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n".utf8))
        }
        var ready = Readiness()
        door.register(in: &ready)
        try ready.wait(milliseconds: 10_000)
        try door.advance(ready, link)
        #expect(shown(idle[0]) == "HTTP/1.1 404 Not here")
        #expect(LocalPort.read(from: idle[SignInDoor.mostConnections]) == nil)
        // Those that wait are let in when others have left.
        for client in idle { try client.close() }
        for _ in 0..<SignInDoor.mostVisits {
            try #require(connected()).close()
            try turn(door)
        }
        try expectHeld(door)
        #expect(door.notes == ["256 connections came, so port \(port) took no answer any more"])
    }

    @Test func `says nothing of its guest's on the page`() throws {
        let door = try door()
        door.opened(session)
        let visitor = try ask("?code=a", of: door)
        let channel = door.newest
        #expect(try door.receive(Frame(.refused, channel: channel, json: Refusal("<script>\u{1B}[2J")), link))
        let page = String(decoding: LocalPort.read(from: visitor) ?? [], as: UTF8.self)
        #expect(page.hasPrefix("HTTP/1.1 502 Not taken\r\n"))
        #expect(!page.contains("script"))
        #expect(page.contains("\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"))
        #expect(door.notes == [#"app says: <script>\u{1b}[2J"#])
    }

    @Test func `takes no frames but those of its own conversations`() throws {
        let door = try door()
        door.opened(session)
        #expect(try !door.receive(Frame(.output, channel: 1, payload: [1]), link))
        #expect(try !door.receive(Frame(.output, channel: 2, payload: [1]), link))
        _ = try ask("?code=a", of: door)
        #expect(throws: ProtocolViolation.self) { try door.receive(Frame(.exit, channel: 2), link) }
    }
}
