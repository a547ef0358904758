import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `What cp is told to copy` {
    private static let app: MachineName = {
        do { return try MachineName("app") } catch { fatalError("\(error)") }
    }()

    @Test(
        arguments: [
            ("notes", .local(RawPath("notes"))), ("./a:b", .local(RawPath("./a:b"))),
            ("foo/bar:baz", .local(RawPath("foo/bar:baz"))), ("/tmp/x:y", .local(RawPath("/tmp/x:y"))),
            ("app:", .guest(app, RawPath(""))), ("app:a:b", .guest(app, RawPath("a:b"))),
            ("dvm-app:~/x", .guest(app, RawPath("~/x"))), ("app:/etc/hosts", .guest(app, RawPath("/etc/hosts"))),
            ("-", .stream), ("./-", .local(RawPath("./-"))),
        ] as [(String, CopyOperand)]
    )
    func `is read as it is meant`(text: String, operand: CopyOperand) throws {
        #expect(try CopyOperand(text) == operand)
    }

    @Test(arguments: ["", ":x", "App:x", "my file:x", "a\u{0}b", String(repeating: "x", count: 5000)])
    func `is refused where it could mean something else`(text: String) {
        #expect(throws: Refusal.self) { try CopyOperand(text) }
    }

    @Test func `names one VM on one side`() throws {
        #expect(
            try CopyPlan(["a", "b", "app:c"]).direction
                == .toGuest([.local(RawPath("a")), .local(RawPath("b"))], RawPath("c"))
        )
        #expect(
            try CopyPlan(["app:a", "app:b", "c"]).direction
                == .fromGuest([RawPath("a"), RawPath("b")], .local(RawPath("c")))
        )
        #expect(try CopyPlan(["app:a", "-"]).direction == .fromGuest([RawPath("a")], .stream))
        #expect(try CopyPlan(["-", "app:a"]).direction == .toGuest([.stream], RawPath("a")))
    }

    @Test(
        arguments: [
            [], ["app:x"], ["a", "b"], ["app:a", "app:b"], ["app:a", "web:b"], ["app:a", "web:b", "c"],
            ["app:a", "b", "c"], ["app:a", "app:b", "-"], ["-", "a", "app:b"], ["-", "-"],
        ]
    )
    func `is refused where it makes no copy`(texts: [String]) {
        #expect(throws: Refusal.self) { try CopyPlan(texts) }
    }

    @Test(
        arguments: [
            ("a", ".", "a"), ("a/", ".", "a"), ("a/b", "a", "b"), ("/a", "/", "a"), ("//a//", "/", "a"),
            ("a//b", "a/", "b"), ("../x", "..", "x"),
        ]
    )
    func `is in a directory`(path: String, above: String, name: String) {
        let parts = LocalPlace.split(RawPath(path))
        #expect(parts.above == Array(above.utf8))
        #expect(parts.name == Array(name.utf8))
    }
}

@Suite struct `The bar of a transfer` {
    @Test func `tells share, rate and the time that is left`() {
        var bar = TransferBar(total: 20_000_000)
        #expect(bar.text(at: 0) == "░░░░░░░░░░░░░░░░░░░░ 0 % of 20.0 MB")
        bar.moved(10_000_000, at: 2)
        #expect(bar.text(at: 2) == "██████████░░░░░░░░░░ 50 % of 20.0 MB, 5.0 MB/s, 2 s left")
        bar.moved(10_000_000, at: 4)
        #expect(bar.text(at: 4) == "████████████████████ 100 % of 20.0 MB, 5.0 MB/s, 0 s left")
    }

    @Test func `forgets how fast it was long ago`() throws {
        var bar = TransferBar(total: 1_000_000_000)
        for second in 1...10 { bar.moved(10_000_000, at: Double(second)) }
        for second in 11...30 { bar.moved(1_000_000, at: Double(second)) }
        #expect(try #require(bar.rate(at: 30)) < 1_500_000)
    }

    @Test func `says what it knows when there is no end in sight, or more than was said`() {
        var open = TransferBar(total: nil)
        open.moved(1_500_000, at: 1)
        #expect(open.text(at: 1) == "1.5 MB, 1.5 MB/s")
        var grown = TransferBar(total: 10)
        grown.moved(100, at: 1)
        #expect(grown.text(at: 1).contains("100 % of 10 B"))
        #expect(TransferBar(total: 0).text(at: 1) == "0 B")
    }

    @Test(
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
            (64 << 30, "68.7 GB"), (.max, "18446 PB"),
        ] as [(UInt64, String)]
    )
    func `writes sizes in few characters`(bytes: UInt64, text: String) {
        #expect(TransferBar.size(bytes) == text)
    }
}
