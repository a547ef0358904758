import DVMProtocol
import Testing

@Suite struct `Rules both sides share` {
    @Test func `peers agree on the newest version both speak`() throws {
        func span(_ oldest: UInt16, _ newest: UInt16) -> ProtocolVersion.Span {
            .init(oldest: ProtocolVersion(rawValue: oldest), newest: ProtocolVersion(rawValue: newest))
        }
        #expect(try ProtocolVersion.agree(host: span(1, 1), guest: span(1, 1)).rawValue == 1)
        #expect(try ProtocolVersion.agree(host: span(1, 4), guest: span(2, 9)).rawValue == 4)
        #expect(try ProtocolVersion.agree(host: span(3, 9), guest: span(1, 3)).rawValue == 3)
        let refusal = #expect(throws: Refusal.self) { try ProtocolVersion.agree(host: span(1, 2), guest: span(3, 4)) }
        #expect(refusal?.message == "this dvm speaks protocol 1–2, the guest program in the VM speaks 3–4")
        #expect(refusal?.hint != nil)
    }

    @Test(arguments: [
        ("plain", "plain"), ("ünï ✓ 漢字", "ünï ✓ 漢字"), ("\u{1B}[31mred", "\\u{1b}[31mred"),
        ("a\nb\tc", "a\\u{a}b\\u{9}c"),
        ("\u{9B}31m", "\\u{9b}31m"), ("\u{7F}", "\\u{7f}"), ("abc\u{202E}def", "abc\\u{202e}def"),
        ("\u{200B}", "\\u{200b}"),
        ("\u{2028}", "\\u{2028}"),
    ])
    func `what a terminal would act on is shown instead`(text: String, shown: String) {
        #expect(text.printable == shown)
    }

    @Test func `lines keep their line feeds and tabs`() {
        #expect("a\tb\n\u{1B}c\r\n".printableLines == "a\tb\n\\u{1b}c\\u{d}\n")
    }

    @Test(arguments: ["developer", "ann", "_x", "a-b_9", String(repeating: "a", count: 32)])
    func `an ordinary user name is taken`(name: String) throws { try AccountName.check(name) }

    @Test(arguments: [
        "", "Root", "root", "dvm", "dvm-agent", "nobody", "9lives", "-x", "a b", "a:b", "a/b", "ä", "a\n", "a$",
        String(repeating: "a", count: 33),
    ])
    func `a user name that is unsafe or has another job is refused`(name: String) {
        #expect(throws: Refusal.self) { try AccountName.check(name) }
    }

    @Test(arguments: ["~/code/app", "~/x", "/srv/app", "/home/developer/code/my app"])
    func `a path of its own is a code directory`(path: String) throws { try GuestPath.check(path) }

    @Test(arguments: [
        "", "/", "~", "~/", "code", "./x", "/srv", "/srv/", "/srv//x", "/srv/../etc", "~/..", "~/a/./b", "/srv/a\nb",
        "~x/y",
        "/srv/\u{1B}[m", "/a/" + String(repeating: "x", count: 1024),
    ])
    func `a path that is too near the top or needs resolving is refused`(path: String) {
        #expect(throws: Refusal.self) { try GuestPath.check(path) }
    }

    @Test(
        arguments: [(Exit.exited(0), 0), (.exited(255), 255), (.signaled(15), 143), (.signaled(9), 137)]
            as [(Exit, Int32)]
    )
    func `an exit has the status a shell would show`(exit: Exit, status: Int32) { #expect(exit.status == status) }
}
