import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `Bytes for a terminal that is not the program's` {
    @Test(
        arguments: [
            ("plain\ttext\r\n", "plain\ttext\r\n"), ("\u{1B}]52;c;ZXZpbA==\u{07}", "?]52;c;ZXZpbA==?"),
            ("a\u{08}\u{7F}\u{0}b", "a???b"), ("\u{2013}\u{20AC}", "\u{2013}\u{20AC}"), ("é – 漢 👍 €", "é – 漢 👍 €"),
            ("\u{A0}", "\u{A0}"),
        ] as [(String, String)]
    )
    func `keep their text and lose what it would act on`(text: String, shown: String) {
        var bytes = TerminalBytes()
        #expect(bytes.harmless(Array(text.utf8)) == Array(shown.utf8))
    }

    @Test func `hide no control character between two reads`() {
        var bytes = TerminalBytes()
        #expect(bytes.harmless([0x61, 0xC2]) == [0x61, 0xC2])
        #expect(bytes.harmless([0x9B, 0x61]) == [0x3F, 0x61])
        // As part of another character it is text.
        #expect(bytes.harmless(Array("\u{2BDB}".utf8)) == Array("\u{2BDB}".utf8))
    }
}

@Suite struct `Text that is reordered or hidden` {
    @Test(arguments: ["\u{202E}", "\u{2066}", "\u{2028}", "\u{200F}", "\u{202A}"])
    func `is not, also when it is cut anywhere`(mark: String) {
        let bytes = Array("a\(mark)b".utf8)
        for size in 1...bytes.count {
            var terminal = TerminalBytes()
            let shown = bytes.pieces(of: size).flatMap { terminal.harmless(Array($0)) }
            #expect(shown.count == bytes.count)
            #expect(!String(decoding: shown, as: UTF8.self).unicodeScalars.contains(mark.unicodeScalars.first!))
        }
    }
}

@Suite struct `Text on a terminal` {
    @Test(
        arguments: [
            ("", 0), ("app", 3), ("é", 1), ("日本", 4), ("✓ ok", 4), ("😀", 2), ("e\u{301}", 1), ("✅❌⭐", 6),
            ("❤\u{FE0F}", 2), ("\u{301}", 1), ("한", 2), ("👍🏽", 4), ("🇵🇱", 4), ("ｆｕｌｌ", 8),
        ]
    )
    func `takes its cells`(text: String, cells: Int) {
        #expect(TerminalText.cells(text) == cells)
    }

    @Test(arguments: [
        ("hello", 5, "hello"), ("hello", 4, "hel…"), ("hello", 1, "…"), ("hello", 0, ""), ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"), ("", 0, ""),
    ])
    func `is cut where it does not fit`(text: String, width: Int, cut: String) {
        #expect(TerminalText.cut(text, to: width) == cut)
        #expect(TerminalText.cells(TerminalText.cut(text, to: width)) <= width)
    }
}

@Suite struct `A table` {
    let table = Table(
        headings: ["NAME", "STATE", "PORTS"],
        rows: [["app", "running", "3000:3000"], ["日本", "stopped", "-"], ["e\u{1B}[2Jvil", "", ""]]
    )

    @Test func `has columns as wide as their widest text`() {
        #expect(
            table.draw() == """
                NAME           STATE    PORTS
                app            running  3000:3000
                日本           stopped  -
                e\\u{1b}[2Jvil
                """
        )
    }

    @Test(arguments: [5, 20, 30, 34, 200])
    func `fits its terminal`(width: Int) {
        #expect(table.draw(width: width).split(separator: "\n").allSatisfy { TerminalText.cells(String($0)) <= width })
    }
}

@Suite struct `A step under way` {
    @Test(arguments: [
        (ProgressLine(label: "starting app"), 80, "⠋ starting app"),
        (ProgressLine(label: "starting app", seconds: 41), 80, "⠋ starting app 41 s"),
        (ProgressLine(label: "starting app", seconds: 101), 80, "⠋ starting app 1 min 41 s"),
        (ProgressLine(label: "syncing", detail: "accounts", seconds: 3), 80, "⠋ syncing: accounts 3 s"),
        (ProgressLine(label: "syncing", detail: "a long detail of no importance"), 24, "⠋ syncing: a long deta…"),
        (ProgressLine(label: "syncing", detail: "accounts"), 16, "⠋ syncing"),
        (ProgressLine(label: "starting app", seconds: 41), 12, "⠋ sta… 41 s"),
        (ProgressLine(label: "starting app", seconds: 41), 5, "…"),
        (ProgressLine(label: "a\u{1B}[2J\nb", detail: "\r"), 80, "⠋ a\\u{1b}[2J\\u{a}b: \\u{d}"),
    ])
    func `is drawn on one line`(line: ProgressLine, width: Int, drawn: String) {
        #expect(line.draw(frame: 0, width: width) == drawn)
    }

    @Test(arguments: 1...60, [0, 7, 3600])
    func `never fills its terminal's last cell`(width: Int, seconds: Int) {
        let line = ProgressLine(label: "starting 日本 app", detail: "waiting for the VM", seconds: seconds)
        #expect(TerminalText.cells(line.draw(frame: 3, width: width)) <= max(1, width - 1))
    }

    @Test func `turns its spinner`() {
        let line = ProgressLine(label: "x")
        #expect((0...10).map { line.draw(frame: $0, width: 80).prefix(1) }.joined() == "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏⠋")
    }

    @Test(arguments: [(0, true, "✓ x"), (1, true, "✓ x"), (41, true, "✓ x (41 s)"), (2, false, "✗ x (2 s)")])
    func `says at its end how it went and how long it took`(seconds: Int, succeeded: Bool, end: String) {
        #expect(ProgressLine(label: "x", seconds: seconds).end(succeeded: succeeded) == end)
    }
}

@Suite struct `Showing progress` {
    /// What a display of a style writes.
    private func written(_ style: ProgressDisplay.Style, _ body: (ProgressDisplay) async throws -> Void) async -> String
    {
        let (stream, sink) = AsyncStream.makeStream(of: String.self)
        let display = ProgressDisplay(style) { sink.yield($0) }
        try? await body(display)
        sink.finish()
        var text = ""
        for await piece in stream { text += piece }
        return text
    }

    @Test func `is plain lines where there is no terminal`() async {
        let text = await written(.init()) { display in
            try await display.step("one") {
                display.detail("not shown")
                display.output(Array("not shown\n".utf8))
                display.note("a note\u{7}")
            }
            try await display.step("two") { throw Refusal("no") }
        }
        #expect(text == "• one\n• a note\\u{7}\n✓ one\n• two\n✗ two\n")
    }

    @Test func `shows all output where that is wanted, a line at a time`() async {
        let text = await written(.init(isVerbose: true)) { display in
            display.output(Array("half".utf8))
            display.output(Array(" and half\nsecond\u{1B}[2J\nunfinished".utf8))
        }
        #expect(text == "  half and half\n  second\n")
    }

    @Test func `bounds a line that does not end`() async {
        let text = await written(.init(isVerbose: true)) { $0.output([UInt8](repeating: 65, count: 100_000)) }
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 4098 })
        #expect(text.count > 90_000)
    }

    /// What is to be seen on a screen after some events, and what was written.
    private func shown(columns: UInt16 = 60, _ body: (ProgressScreen) -> Void) async -> Screen {
        let (stream, sink) = AsyncStream.makeStream(of: String.self)
        let size = TerminalSize(columns: columns, rows: 8)
        let screen = ProgressScreen(.init(width: Int(columns)), size: { size }) { sink.yield($0) }
        body(screen)
        sink.finish()
        var shown = Screen(columns: columns, rows: 8)
        for await piece in stream { shown.write(piece) }
        return shown
    }

    @Test func `is a line for what is under way, and the last line of output below it`() async {
        let screen = await shown { screen in
            screen.tell(.began("node"), by: 1, of: nil)
            screen.tell(.output("downloading"), by: 1, of: nil)
            screen.tell(.detail("packages"), by: 1, of: nil)
            screen.tell(.note("something"), by: 1, of: nil)
        }
        #expect(screen.text == ["• something", "⠋ node: packages", "  downloading"])
        #expect(screen.strange == [])
    }

    @Test func `is a block for each of several VMs, gone when it is over`() async {
        func told(_ screen: ProgressScreen) {
            screen.tell(.began("node"), by: 1, of: "app")
            screen.tell(.output("unpacking"), by: 1, of: "app")
            screen.tell(.began("starting"), by: 2, of: "web")
            screen.tell(.note("hello"), by: 2, of: "web")
        }
        #expect(await shown(told).text == ["web | • hello", "⠋ app: node", "  unpacking", "⠋ web: starting"])
        let after = await shown { screen in
            told(screen)
            screen.tell(.ended(ProgressLine(label: "node", seconds: 3), succeeded: true), by: 1, of: "app")
            screen.tell(.ended(ProgressLine(label: "starting"), succeeded: false), by: 2, of: "web")
            screen.tell(.refused(Refusal("no\nluck\u{7}", hint: "try"), seconds: 1), by: 2, of: "web")
        }
        #expect(
            after.text == [
                "web | • hello", "app | ✓ node (3 s)", "web | ✗ starting", "web | ✗ no", #"web |   luck\u{7}"#,
                "web |   hint: try",
            ]
        )
    }

    @Test func `leaves the terminal to whoever asks the person something`() async {
        let screen = await shown { screen in
            screen.tell(.began("node"), by: 1, of: nil)
            screen.hold()
            screen.tell(.output("not drawn"), by: 1, of: nil)
            screen.tell(.began("other"), by: 2, of: "web")
            screen.tell(.note("still said"), by: 1, of: nil)
        }
        #expect(screen.text == ["• still said"])
    }

    @Test func `is lines of JSON for programs`() async {
        let (stream, sink) = AsyncStream.makeStream(of: String.self)
        let screen = ProgressScreen(.init(width: 80, isJSON: true)) { sink.yield($0) }
        screen.tell(.began("node"), by: 1, of: "app")
        screen.tell(.output("hidden"), by: 1, of: "app")
        screen.tell(.note("a\u{1B}\n\u{202E}"), by: 1, of: "app")
        screen.tell(.ended(ProgressLine(label: "node", seconds: 3), succeeded: false), by: 1, of: "app")
        screen.tell(.refused(Refusal("no", hint: "try"), seconds: 4), by: 1, of: "app")
        screen.tell(.ready(summary: "ran node", ran: ["node"], seconds: 5), by: 2, of: "web")
        sink.finish()
        var lines: [String] = []
        for await line in stream { lines.append(line) }
        #expect(
            lines == [
                #"{"event":"started","step":"node","vm":"app"}"#,
                #"{"event":"note","text":"a\u001b\n\u202e","vm":"app"}"#,
                #"{"event":"failed","seconds":3,"step":"node","vm":"app"}"#,
                #"{"event":"refused","hint":"try","seconds":4,"text":"no","vm":"app"}"#,
                #"{"event":"ready","ran":["node"],"seconds":5,"text":"ran node","vm":"web"}"#,
            ]
        )
    }

    @Test func `names the VM once`() async {
        let (stream, sink) = AsyncStream.makeStream(of: String.self)
        let display = ProgressDisplay(on: ProgressScreen(.init()) { sink.yield($0) }, name: "web")
        try? await display.step("starting web") { display.note("x") }
        sink.finish()
        var text = ""
        for await piece in stream { text += piece }
        #expect(text == "web | • starting\nweb | • x\nweb | ✓ starting\n")
    }

    @Test(arguments: [
        ["TERM": "dumb"], ["NO_COLOR": "1", "TERM": "xterm"], [:],
    ])
    func `does not draw where that is not wanted`(variables: [String: String]) {
        #expect(ProgressDisplay.Style(HostEnvironment(variables)).width == nil)
    }

    @Test(arguments: [("1", true), ("yes", true), ("0", false), ("", false)])
    func `tells everything when DVM_VERBOSE is on`(value: String, isVerbose: Bool) {
        #expect(ProgressDisplay.Style(HostEnvironment(["DVM_VERBOSE": value])).isVerbose == isVerbose)
    }
}
