import DVMProtocol
import TestSupport
import Testing

@Suite struct `Where a tool waits for a browser` {
    typealias Callback = Tool.SignIn.Callback

    @Test func `is read from the address a sign-in shows`() throws {
        let expected = Callback(port: 1455, path: "/auth/callback")
        #expect(try Callback(address: "http://localhost:1455/auth/callback") == expected)
        #expect(try Callback(address: "http://127.0.0.1:1455/auth/callback") == expected)
        #expect(expected.address == "http://localhost:1455/auth/callback")
    }

    @Test(arguments: [
        "", "1455", "localhost:1455/x", "https://localhost:1455/x", "http://localhost/x", "http://localhost:/x",
        "http://localhost:1455", "http://localhost:80/x", "http://localhost:1023/x", "http://localhost:65536/x",
        "http://localhost:+1455/x", "http://localhost:1455/x?code=1", "http://localhost:1455/x#y",
        "http://localhost:1455/a b", "http://localhost:1455/\r\nHost:", "http://localhost:1455/%2e",
        "http://example.org:1455/x", "http://localhost.example.org:1455/x", "http://user@localhost:1455/x",
        "http://localhost:1455/" + String(repeating: "a", count: 256),
    ])
    func `is a plain page at a port that anybody may open`(address: String) {
        #expect(throws: Refusal.self) { try Callback(address: address) }
    }

    @Test func `is looked at again in the VM`() throws {
        let low = Tool.SignIn(arguments: [], callback: Callback(port: 22, path: "/"))
        let plain = Tool.SignIn(arguments: [], callback: Callback(port: 2222, path: "/"))
        func tool(_ signIn: Tool.SignIn) -> Tool {
            Tool(name: "crush", summary: "Crush", programs: ["/usr/bin/crush"], signIn: signIn)
        }
        try tool(plain).checkOwn()
        #expect(throws: Refusal.self) { try tool(low).checkOwn() }
    }

    @Test func `may be reached by arguments of its own`() {
        let both = Tool.SignIn(arguments: ["a"], callback: Callback(port: 2222, path: "/", arguments: ["b"]))
        let same = Tool.SignIn(arguments: ["a"], callback: Callback(port: 2222, path: "/"))
        #expect([both, same].map { $0.words(byCallback: true) } == [["b"], ["a"]])
        #expect([both, same].map { $0.words(byCallback: false) } == [["a"], ["a"]])
    }
}

@Suite struct `The answer of a sign-in` {
    @Test(arguments: [
        "code=ac_1&scope=openid+profile&state=x-Y_z", "state=s&code=1", "error=access_denied", "error&state=1",
        "code=%0d%0a&state={|}'",
    ])
    func `has a code or an error`(query: String) { #expect(SignInAnswer.isAnswer(query)) }

    @Test(arguments: [
        "", "state=1", "xcode=1", "a=code", "?code=1 HTTP/1.1", "code=1\r\nHost: x", "code=1#x", "code=\"", "code=<x>",
        "code=ü", "code=\\", "code=1\u{0}", Brief("code=" + String(repeating: "a", count: SignInAnswer.longest)),
    ])
    func `is nothing else`(query: Brief) throws {
        #expect(!SignInAnswer.isAnswer(query.text))
        let answer = SignInAnswer(session: SessionID(seconds: 0, salt: 0), query: query.text)
        #expect(throws: Refusal.self) { try Request.task(.answerSignIn(answer)).check() }
    }

    @Test(arguments: [(200, true), (302, true), (399, true), (400, false), (502, false), (-1, false), (100, false)])
    func `is taken where the tool's page says so`(status: Int, isTaken: Bool) {
        #expect(SignInOutcome(status: status).isTaken == isTaken)
    }
}
