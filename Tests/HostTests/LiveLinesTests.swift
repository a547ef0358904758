import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Lines that are drawn again and again` {
    private func lines(_ texts: String...) -> [LiveLines.Line] { texts.map { .init(text: $0) } }

    @Test func `take the place of those before`() {
        var screen = Screen()
        var live = LiveLines()
        screen.write("$ dvm sync\n")
        screen.write(live.draw(lines("one", "two", "three"), on: screen.size))
        #expect(screen.text == ["$ dvm sync", "one", "two", "three"])
        screen.write(live.draw(lines("1"), on: screen.size))
        #expect(screen.text == ["$ dvm sync", "1"])
        screen.write(live.draw(lines("a long line", "2"), on: screen.size))
        screen.write(live.draw(lines("short", "2"), on: screen.size))
        #expect(screen.text == ["$ dvm sync", "short", "2"])
        screen.write(live.draw([], on: screen.size))
        #expect(screen.text == ["$ dvm sync"])
        #expect(screen.strange == [])
    }

    @Test func `stay below what stays`() {
        var screen = Screen()
        var live = LiveLines()
        screen.write(live.draw(lines("working", "output"), on: screen.size))
        screen.write(live.draw(lines("working"), below: ["done: first", "done: second"], on: screen.size))
        #expect(screen.text == ["done: first", "done: second", "working"])
        screen.write(live.draw([], below: ["all done"], on: screen.size))
        screen.write("$ ")
        #expect(screen.text == ["done: first", "done: second", "all done", "$"])
    }

    @Test func `let what stays be longer than the screen is wide`() {
        var screen = Screen(columns: 10)
        var live = LiveLines()
        screen.write(live.draw(lines("x"), on: screen.size))
        screen.write(live.draw(lines("y"), below: ["twelve words."], on: screen.size))
        screen.write(live.draw(lines("z"), on: screen.size))
        #expect(screen.text == ["twelve wor", "ds.", "z"])
    }

    @Test(arguments: 1...45)
    func `never fill the last cell of a row`(columns: UInt16) {
        var live = LiveLines()
        var screen = Screen(columns: columns)
        screen.write(live.draw(lines(String(repeating: "x", count: 100), "日本語日本語日本語"), on: screen.size))
        #expect(screen.text.count == 2)
        #expect(screen.text.allSatisfy { TerminalText.cells($0) <= max(1, Int(columns) - 1) })
    }

    @Test(arguments: [12, 20, 33, 60] as [UInt16])
    func `find their place when the screen has become narrower or wider`(columns: UInt16) {
        var screen = Screen(columns: 40)
        var live = LiveLines()
        screen.write("kept\n")
        screen.write(
            live.draw(lines(String(repeating: "a", count: 35), String(repeating: "b", count: 30)), on: screen.size)
        )
        screen = screen.resized(columns: columns)
        screen.write(live.draw(lines("one", "two"), on: screen.size))
        #expect(screen.text == ["kept", "one", "two"])
    }

    @Test func `are no more than a screen holds`() {
        var screen = Screen(rows: 5)
        var live = LiveLines()
        let many = (1...20).map { LiveLines.Line(text: "line \($0)") }
        screen.write("kept\n")
        for _ in 0..<3 { screen.write(live.draw(many, on: screen.size)) }
        #expect(screen.text == ["kept", "line 1", "line 2", "line 3", "… 17 more lines"])
        #expect(screen.strange == [])
    }

    @Test func `are dim where they matter less`() {
        var live = LiveLines()
        #expect(
            live.draw([.init(text: "a"), .init(text: "b", isDim: true)], on: TerminalSize(columns: 9, rows: 9))
                == "a\u{1B}[K\n\u{1B}[2mb\u{1B}[22m\u{1B}[K"
        )
    }
}

@Suite struct `What a program prints` {
    private func taken(_ pieces: [String]) -> [String] {
        var lines = OutputLines()
        return pieces.flatMap { lines.take($0.utf8) }
    }

    @Test(
        arguments: [
            (["one\ntwo\n"], ["one", "two"]), (["half", " and half\nrest"], ["half and half"]),
            (["10%\r20%\r30%\r\n"], ["10%", "20%", "30%"]), (["\n\n  \nx\n"], ["x"]), (["a\tb\n"], ["a b"]),
            (["\u{1B}[32mgreen\u{1B}[0m\n"], ["green"]), (["\u{1B}]0;title\u{7}text\n"], ["text"]),
            (["\u{1B}]52;c;ZXZpbA==\u{1B}\\x\n"], ["x"]), (["\u{1B}[2J\u{1B}[Hgone\n"], ["gone"]),
            (["bidi \u{202E}txet\n"], [#"bidi \u{202e}txet"#]), (["c1 \u{9B}2J\n"], [#"c1 \u{9b}2J"#]),
            (["nul \u{0}\u{B}\n"], [#"nul \u{0}\u{b}"#]),
        ]
    )
    func `becomes harmless lines`(pieces: [String], lines: [String]) { #expect(taken(pieces) == lines) }

    @Test func `keeps a character that was cut in two`() {
        var lines = OutputLines()
        let bytes = Array("zażółć\n".utf8)
        #expect(bytes.flatMap { lines.take([$0]) } == ["zażółć"])
    }

    @Test func `is broken where a line does not end`() {
        let lines = taken([String(repeating: "x", count: 10_000)])
        #expect(lines.map(\.count) == [4096, 4096])
    }

    @Test(arguments: [1, 7, 100, 9000])
    func `has a last line, whatever came before it`(size: Int) {
        let bytes = Array((1...3000).map { "line \($0)\n" }.joined().utf8)
        var lines = OutputLines()
        let last = bytes.pieces(of: size).compactMap { lines.last(of: $0) }.last
        #expect(last == "line 3000")
    }
}
