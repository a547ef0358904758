import Testing

@testable import dvm_guest

@Suite struct `What a tool answers a browser` {
    private func read(_ text: String) -> CallbackReply.Reading { CallbackReply.read(Array(text.utf8)) }

    @Test func `is its status and where it leads`() {
        #expect(read("HTTP/1.1 200 OK\r\n\r\n<p>") == .reply(CallbackReply(status: 200)))
        #expect(read("HTTP/1.0 400\r\nA: b\r\n\r\n") == .reply(CallbackReply(status: 400)))
        #expect(
            read("HTTP/1.1 302 Found\r\nX: y\r\nlOCATION: /success?id_token=e30.x\r\n\r\n")
                == .reply(CallbackReply(status: 302, location: "/success?id_token=e30.x"))
        )
    }

    @Test func `is waited for, byte by byte`() {
        let whole = Array("HTTP/1.1 200 OK\r\nA: b\r\n\r\n".utf8)
        for count in 0..<whole.count { #expect(CallbackReply.read(Array(whole[..<count])) == .incomplete) }
        #expect(CallbackReply.read(whole) == .reply(CallbackReply(status: 200)))
    }

    @Test(arguments: [
        "", "HTTP/2 200 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 -20 OK", "HTTP/1.1 100 Continue", "HTTP/1.1 600 x",
        "HTTP/1.1", "SSH-2.0-x", "HTTP/1.1 200 OK\r\nno field", "HTTP/1.1 302 x\r\nLocation: /a\r\nLocation: /b",
    ])
    func `is HTTP or nothing`(head: String) { #expect(read("\(head)\r\n\r\n") == .malformed) }

    @Test func `is of bounded length`() {
        let field = "A: " + String(repeating: "b", count: CallbackReply.largest)
        #expect(read("HTTP/1.1 200 OK\r\n\(field)") == .malformed)
        #expect(read("HTTP/1.1 200 OK\r\n\(field)\r\n\r\n") == .malformed)
    }

    @Test(
        arguments: [
            ("/success", "/success"), ("http://localhost:1455/success?a=b#c", "/success?a=b"),
            ("http://127.0.0.1:1455/", "/"), ("http://[::1]:1455/x", "/x"),
            ("//example.org/", nil), ("http://localhost:1456/", nil), ("http://localhost:1455", nil),
            ("http://localhost:14555/", nil), ("http://localhost:1455.example.org/", nil),
            ("https://localhost:1455/", nil),
            ("http://localhost:1455//x", nil), ("success", nil), ("/a b", nil), ("/a\nb", nil), ("/ü", nil), ("", nil),
        ] as [(String, String?)]
    )
    func `leads to pages of its own only`(location: String, next: String?) {
        #expect(CallbackReply(status: 302, location: location).next(at: 1455) == next)
        #expect(CallbackReply(status: 200, location: location).next(at: 1455) == nil)
    }

    @Test func `is asked for with nothing that is the person's`() {
        #expect(
            CallbackReply.request("/x?code=1", port: 1455)
                == "GET /x?code=1 HTTP/1.1\r\nHost: localhost:1455\r\nUser-Agent: dvm\r\nAccept: */*\r\n"
                + "Connection: close\r\n\r\n"
        )
    }
}
