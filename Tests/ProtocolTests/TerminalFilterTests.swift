import DVMProtocol
import TestSupport
import Testing

private let escape = "\u{1B}"

/// A text that is written to a terminal, with what is left of it.
private struct Sample: CustomTestStringConvertible, Sendable {
    var what: String
    var written: String
    /// What passes; the text itself where nothing is said.
    var passed: String?

    init(_ what: String, _ written: String, _ passed: String? = nil) {
        self.what = what
        self.written = written
        self.passed = passed
    }

    var testDescription: String { what }
}

private func filtered(_ bytes: [UInt8], in parts: Int = 1) -> [UInt8] {
    var filter = TerminalFilter(titlePrefix: "app: ")
    let size = max(1, (bytes.count + parts - 1) / parts)
    return stride(from: 0, to: bytes.count, by: size).flatMap { start in
        filter.pass(Array(bytes[start..<min(start + size, bytes.count)]))
    }
}

private func filtered(_ text: String) -> String { String(decoding: filtered(Array(text.utf8)), as: UTF8.self) }

@Suite struct `Output on its way to a terminal` {
    private static let harmless: [Sample] = [
        .init("text in many scripts", "naïve · 日本語 · 🧑‍🚀 · עברית\r\n\ttab\u{8}\u{7}"),
        .init("colours and attributes", "\(escape)[1;38;2;255;0;128;48:5:12mx\(escape)[0m\(escape)[4:3m"),
        .init("the other screen, the mouse and pastes", "\(escape)[?1049h\(escape)[?1000;1006h\(escape)[?2004h"),
        .init("movement, erasing and margins", "\(escape)[2J\(escape)[H\(escape)[10;20r\(escape)7\(escape)8\(escape)M"),
        .init("where the cursor is", "\(escape)[6n\(escape)[?6n"),
        .init("what the terminal can do", "\(escape)[c\(escape)[>c\(escape)[>q\(escape)[?u\(escape)[?2026$p"),
        .init(
            "how large it is",
            "\(escape)[14t\(escape)[16t\(escape)[18t\(escape)[22;0t\(escape)[23;0t\(escape)[8;40;100t"
        ),
        .init(
            "its colours",
            "\(escape)]11;?\u{7}\(escape)]10;?\(escape)\\\(escape)]4;1;rgb:ff/00/00\(escape)\\\(escape)[?996n"
        ),
        .init(
            "links, marks and directories",
            "\(escape)]8;;https://a.example\(escape)\\x\(escape)]8;;\(escape)\\\(escape)]133;A\u{7}\(escape)]7;file://app/x\u{7}"
        ),
        .init("character sets", "\(escape)(0lqk\(escape)(B\(escape)%G"),
        .init("Sixel images", "\(escape)P0;1;q#0;2;0;0;0~~@@\(escape)\\"),
        .init(
            "kitty's images, sent along",
            "\(escape)_Ga=T,f=100,t=d,m=1;iVBORw0KGgo=\(escape)\\\(escape)_Ga=d\(escape)\\"
        ),
        .init("updates at once", "\(escape)P=1s\(escape)\\\(escape)[?2026h"),
        .init("iTerm2's marks", "\(escape)]1337;SetMark\u{7}\(escape)]1337;CurrentDir=/x\(escape)\\"),
        .init("controls of two bytes", "a\u{9B}31mb\u{85}c"),
        .init("a message", "\(escape)]9;done\u{7}\(escape)]777;notify;a;b\(escape)\\"),
        .init("kitty's message", "\(escape)]99;i=1:d=0:p=title:a=focus;done\(escape)\\\(escape)]99;;x\u{7}"),
        .init("ReGIS drawings", "\(escape)P0pS(E)\(escape)\\"),
        .init("other messages to the terminal", "\(escape)^x\(escape)\\\(escape)Xy\(escape)\\\(escape)_z\(escape)\\"),
    ]

    @Test(arguments: harmless)
    fileprivate func `passes byte for byte`(sample: Sample) {
        #expect(filtered(sample.written) == sample.written)
    }

    private static let harmful: [Sample] = [
        .init("the clipboard", "a\(escape)]52;c;aGVsbG8=\u{7}b", "ab"),
        .init("the clipboard, ended otherwise", "a\(escape)]52;c;aGVsbG8=\(escape)\\b", "ab"),
        .init("the clipboard, ended in two bytes", "a\(escape)]52;c;aGVsbG8=\u{9C}b", "ab"),
        .init("the clipboard, begun in two bytes", "a\u{9D}52;c;aGVsbG8=\u{7}b", "ab"),
        .init("the clipboard with zeros before its number", "a\(escape)]0052;c;aA==\u{7}b", "ab"),
        .init("the clipboard with a control in its number", "a\(escape)]5\n2;c;aA==\u{7}b", "ab"),
        .init("the clipboard with a control after ESC", "a\(escape)\n]52;c;aA==\u{7}b", "a\nb"),
        .init("the clipboard in a title", "a\(escape)]0;x\(escape)]52;c;aA==\u{7}b", "a\(escape)]0;app: x\(escape)\\b"),
        .init(
            "the clipboard by a number that goes on after what is dropped",
            "a\(escape)]5\(escape)[21t2;c;aA==\u{7}b",
            "a\(escape)]5\(escape)\\2;c;aA==\u{7}b"
        ),
        .init("kitty's clipboard", "a\(escape)]5522;type=write;\(escape)\\b", "ab"),
        .init("what is asked of the clipboard", "a\(escape)]52;c;?\u{7}b", "ab"),
        .init("the title, typed back", "a\(escape)[21tb\(escape)[20tc", "abc"),
        .init("the title with zeros", "a\(escape)[0021tb", "ab"),
        .init("the title with another parameter", "a\(escape)[21;1tb\(escape)[21:0tc", "abc"),
        .init("the title with a control inside", "a\(escape)[2\n1tb", "a\nb"),
        .init("the title by a number that overflows", "a\(escape)[4294967317tb", "ab"),
        .init("the title with something between", "a\(escape)[2é1tb", "ab"),
        .init("the title in two bytes", "a\u{9B}21tb", "ab"),
        .init("a status that is typed back", "a\(escape)[5nb\(escape)[?15nc\(escape)[xd", "abcd"),
        .init("an answerback", "a\u{5}b", "ab"),
        .init("a request for settings, whose answer repeats it", "a\(escape)P$q\"p\(escape)\\b", "ab"),
        .init("a request for capabilities", "a\(escape)P+q544e\(escape)\\b", "ab"),
        .init("a request for resources", "a\(escape)P+Q6e616d65\(escape)\\b", "ab"),
        .init("a macro of the clipboard's sequence", "a\(escape)P1;0;1!z1b5d35323b\(escape)\\b", "ab"),
        .init("a file of this computer as a background", "a\(escape)]20;/dev/zero\u{7}b", "ab"),
        .init("a checksum of the screen", "a\(escape)[1;1;1;1;1;1*yb", "ab"),
        .init("keys with another meaning", "a\(escape)P0;1|17/726d202d7266\(escape)\\b", "ab"),
        .init("a file", "a\(escape)]1337;File=name=eA==;size=3:aGk=\u{7}b", "ab"),
        .init("a request for a file", "a\(escape)]1337;RequestUpload=format=tgz\u{7}b", "ab"),
        .init("iTerm2's clipboard", "a\(escape)]1337;Copy=:aGk=\u{7}b\(escape)]1337;CopyToClipboard=\u{7}c", "abc"),
        .init("kitty's files", "a\(escape)]5113;ac=send;\(escape)\\b", "ab"),
        .init("a file of this computer as an image", "a\(escape)_Ga=T,t=f;L2V0Yy9wYXNzd2Q=\(escape)\\b", "ab"),
        .init("its shared memory as an image", "a\(escape)_Gt=s,a=T;eA==\(escape)\\b", "ab"),
        .init("printing", "a\(escape)[5ib\(escape)[?5ic", "abc"),
        .init(
            "what tmux would hand on",
            "a\(escape)Ptmux;\(escape)\(escape)]52;c;aA==\u{7}\(escape)\\b",
            "a\(escape)\\b"
        ),
        .init(
            "what screen would hand on",
            "a\(escape)P\(escape)]52;c;aA==\u{7}\(escape)\\b",
            "a\(escape)P\(escape)\\\(escape)\\b"
        ),
        .init("a property of the window", "a\(escape)]3;X=y\u{7}b", "ab"),
        .init("kitty's commands", "a\(escape)P@kitty-cmd{\"cmd\":\"launch\"}\(escape)\\b", "ab"),
        .init("kitty's commands in two bytes", "a\u{90}@kitty-cmd{}\u{9C}b", "ab"),
        .init("tmux speaking to iTerm2", "a\(escape)P1000p%begin 1 1 1\r\n\(escape)\\b", "ab"),
        .init("ssh speaking to iTerm2", "a\(escape)P2000p\(escape)\\b", "ab"),
        .init("rxvt's graphics, whose answer ends a line", "a\(escape)GQb", "aQb"),
        .init("the screen into a file", "a\(escape)]55;/tmp/x\u{7}b\(escape)]46;/tmp/y\u{7}c", "abc"),
        .init("colours whose names are typed back", "a\(escape)]21;evil=?\(escape)\\b", "ab"),
        .init("a message that is answered with its name", "a\(escape)]99;i=evil:p=?;\(escape)\\b", "ab"),
        .init("one that a click answers", "a\(escape)]99;i=evil:a=-focus,report;x\u{7}b", "ab"),
        .init("one whose end is told", "a\(escape)]99;c=1:i=evil;x\u{7}b\(escape)]99;p=alive;\u{7}c", "abc"),
        .init("leaving UTF-8", "a\(escape)%@b", "ab"),
        .init("a sequence without an end", "a\(escape)[\(String(repeating: "1;", count: 4000))mb", "ab"),
        .init(
            "calls of functions in Vim and Emacs",
            "a\(escape)]51;[\"call\",\"Tapi_x\",[]]\u{7}b\(escape)]51;Emessage x\(escape)\\c",
            "abc"
        ),
        .init("a command without a number", "a\(escape)]ltitle\(escape)\\b", "ab"),
    ]

    @Test(arguments: harmful)
    fileprivate func `drops what reaches beyond the screen`(sample: Sample) {
        #expect(filtered(sample.written) == sample.passed)
    }

    private static let titles: [Sample] = [
        .init("a title", "\(escape)]0;vim\u{7}", "\(escape)]0;app: vim\u{7}"),
        .init("a title, ended otherwise", "\(escape)]2;~/x — é\(escape)\\", "\(escape)]2;app: ~/x — é\(escape)\\"),
        .init("an icon's name", "\(escape)]1;x\u{7}", "\(escape)]1;app: x\u{7}"),
        .init("no title", "\(escape)]2;\u{7}", "\(escape)]2;app: \u{7}"),
    ]

    @Test(arguments: titles)
    fileprivate func `names the VM in titles`(sample: Sample) {
        #expect(filtered(sample.written) == sample.passed)
    }

    /// What is written, and then what puts the terminal back.
    private static let endings: [Sample] = [
        .init("text, colours and a whole title", "\(escape)[31mx\(escape)[0m\(escape)]0;t\u{7}", ""),
        .init(
            "a program that tidies up",
            "\(escape)[?1049;25;2004h\(escape)[?25l\(escape)[?1;1000h\(escape)=\(escape)[>1u\(escape)[4h\(escape)[5 q"
                + "\(escape)[>4;2m\(escape)[<u\(escape)>\(escape)[?1000l\(escape)[?1l\(escape)[?25h\(escape)[?2004;1049l"
                + "\(escape)[4l\(escape)[0 q\(escape)[>4m",
            ""
        ),
        .init(
            "an editor that is killed",
            "\(escape)[?1049h\(escape)[?1h\(escape)=\(escape)[?2004h\(escape)[?25l\(escape)[?1002;1006h\(escape)[2 q",
            "\(escape)\\\(escape)>\(escape)[?1l\(escape)[?25h\(escape)[?1002l\(escape)[?1006l\(escape)[?2004l\(escape)[?1049l"
                + "\(escape)[0 q\u{F}\(escape)(B\(escape)[0m"
        ),
        .init(
            "keys of its own on the other screen",
            "\(escape)[>1u\(escape)[?1049h\(escape)[>5u\(escape)[=3;1u\(escape)[>4;1m\(escape)[4h",
            "\(escape)\\\(escape)[<2u\(escape)[=0;1u\(escape)[>4;0m\(escape)[4l\(escape)[?1049l\(escape)[<2u\(escape)[=0;1u"
                + "\u{F}\(escape)(B\(escape)[0m"
        ),
        .init("the mouse in two bytes", "\u{9B}?1003h", "\(escape)\\\(escape)[?1003l\u{F}\(escape)(B\(escape)[0m"),
        .init(
            "the mouse as it was saved",
            "\(escape)[?1000r",
            "\(escape)\\\(escape)[?1000l\u{F}\(escape)(B\(escape)[0m"
        ),
        .init("no wrapping", "\(escape)[?7l", "\(escape)\\\(escape)[?7h\u{F}\(escape)(B\(escape)[0m"),
        .init(
            "a keyboard that is locked, and Enter of two bytes",
            "\(escape)[2;20h",
            "\(escape)\\\(escape)[2l\(escape)[20l\u{F}\(escape)(B\(escape)[0m"
        ),
        .init("a keyboard that is free again", "\(escape)[2;4;20h\(escape)[20;2;4l", ""),
        .init(
            "another key for backspace, and margins at the sides",
            "\(escape)[?67;69h\(escape)[5;10s",
            "\(escape)\\\(escape)[?67l\(escape)[?69l\u{F}\(escape)(B\(escape)[0m"
        ),
        .init(
            "margins",
            "\(escape)[3;10r\(escape)[?6h",
            "\(escape)\\\(escape)[?6l\(escape)7\(escape)[r\(escape)8\u{F}\(escape)(B\(escape)[0m"
        ),
        .init(
            "no margins any more",
            "\(escape)[3;10r\(escape)[r\(escape)[2r\(escape)[0;0r\(escape)[2;3r\(escape)[;r",
            ""
        ),
        .init("lines for letters", "\(escape)(0", "\(escape)\\\u{F}\(escape)(B\(escape)[0m"),
        .init(
            "lines for letters, in other places",
            "\(escape))0\(escape)*0\(escape)/A\u{E}",
            "\(escape)\\\(escape))B\(escape)*B\(escape)+B\u{F}\(escape)(B\(escape)[0m"
        ),
        .init("letters for lines", "\(escape)(0\(escape)-A\(escape)(B\(escape))B\(escape)%G\(escape)#8", ""),
        .init(
            "keys as xterm spells them",
            "\(escape)[>0;1m\(escape)[>1;0m\(escape)[>2;3m\(escape)[>7;2m\(escape)[>6n\(escape)[>8;1m",
            "\(escape)\\\(escape)[>0m\(escape)[>1m\(escape)[>2m\(escape)[>6m\(escape)[>7m\u{F}\(escape)(B\(escape)[0m"
        ),
        .init(
            "keys as they are",
            "\(escape)[>1;3m\(escape)[>1;2m\(escape)[>2n\(escape)[>2m\(escape)[>4;1m\(escape)[>4;m",
            ""
        ),
        .init("all keys as in the beginning", "\(escape)[>1;3m\(escape)[>n\(escape)[>4;2m\(escape)[>m", ""),
        .init("the mouse, and everything as in the beginning", "\(escape)[?1000h\(escape)c", ""),
        .init("a title without an end", "\(escape)]0;t", "\(escape)\\"),
        .init("half a sequence, which nobody got", "x\(escape)[?1000", ""),
        .init("modes nobody knows", "\(escape)[?9999h\(escape)[?4294967296h\(escape)[?;h", ""),
    ]

    @Test(arguments: endings)
    fileprivate func `leaves the terminal as it was`(sample: Sample) {
        for parts in [1, 3, sample.written.utf8.count] {
            var filter = TerminalFilter(titlePrefix: "app: ")
            let bytes = Array(sample.written.utf8)
            let size = max(1, (bytes.count + parts - 1) / parts)
            for start in stride(from: 0, to: bytes.count, by: size) {
                _ = filter.pass(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(String(decoding: filter.ending(), as: UTF8.self) == sample.passed)
            // Whatever was put back, is.
            var terminal = filter
            _ = terminal.pass(filter.ending())
            #expect(terminal.ending().isEmpty)
        }
    }

    @Test func `ends a string that was not written to its end`() {
        var filter = TerminalFilter(titlePrefix: "app: ")
        _ = filter.pass(Array("\(escape)]0;title\u{7}".utf8))
        #expect(filter.ending().isEmpty)
        #expect(filter.ending(isCutShort: true) == Array("\(escape)\\".utf8))
    }

    @Test func `changes back all there was where what did so may not have been written`() {
        var filter = TerminalFilter(titlePrefix: "app: ")
        _ = filter.pass(
            Array(
                "\(escape)[?1049;1000h\(escape)[>1u\(escape)(0\(escape)[4h\(escape)[2;9r\(escape)=\(escape)[>4;2m\(escape)[3 q"
                    .utf8
            )
        )
        let ending = filter.ending()
        _ = filter.pass(ending)
        #expect(filter.ending().isEmpty)
        #expect(!filter.hasReports())
        #expect(filter.ending(isCutShort: true) == ending)
        #expect(filter.hasReports(isCutShort: true))
        _ = filter.pass(Array("\(escape)c".utf8))
        #expect(filter.ending(isCutShort: true) == ending)
    }

    @Test(arguments: [9, 1000, 1001, 1002, 1003, 1004, 2031, 2048])
    func `knows what makes a terminal send what nobody typed`(mode: Int) {
        var filter = TerminalFilter(titlePrefix: "app: ")
        _ = filter.pass(Array("\(escape)[?1049;2004;1006h".utf8))
        #expect(!filter.hasReports())
        _ = filter.pass(Array("\(escape)[?\(mode)h".utf8))
        #expect(filter.hasReports())
    }

    @Test func `comes to the same however it is cut`() {
        let bytes = Array((Self.harmless + Self.harmful + Self.titles).map(\.written).joined().utf8)
        let whole = filtered(bytes)
        for parts in [2, 3, 7, 100, bytes.count] { #expect(filtered(bytes, in: parts) == whole) }
    }

    @Test func `holds back little`() {
        var filter = TerminalFilter(titlePrefix: "app: ")
        let start = filter.pass(Array("\(escape)]8;;".utf8))
        // A link's address passes as it comes; nothing waits for its end.
        let rest = filter.pass([UInt8](repeating: UInt8(ascii: "x"), count: 100_000))
        #expect(start.count + rest.count == 100_005)
    }

    @Test func `passes nothing harmful, whatever is written`() {
        let pieces = [
            "\(escape)", "\u{9B}", "\u{9D}", "]", "[", "P", "_", "52", "21", "0", ";", "t", "c", "n", "5", "6", "\u{7}",
            "\\", "\n", "$q", "x", "é", "G", "\u{18}", "1337", "File=", "]52;", "[21t", "P$q", "]1337;File",
        ]
        var generator = SeededGenerator(seed: 7)
        var harmful = 0
        for _ in 0..<20_000 {
            let text = (0..<12).map { _ in pieces[Int.random(in: pieces.indices, using: &generator)] }.joined()
            let passed = filtered(text)
            let done = Terminal.carriesOut(passed).filter(Terminal.isHarmful)
            #expect(done.isEmpty, "\(text.debugDescription) became \(passed.debugDescription)")
            harmful += Terminal.carriesOut(text).contains(where: Terminal.isHarmful) ? 1 : 0
        }
        // The texts are worth trying.
        #expect(harmful > 500)
    }
}

/// What a terminal makes of a text: the commands it would carry out, as `]52;…`, `[21t` and so on.
private enum Terminal {
    static func isHarmful(_ command: String) -> Bool {
        ["]52;", "]1337;File", "P$q"].contains { command.hasPrefix($0) } || ["[21t", "[5n"].contains(command)
    }

    static func carriesOut(_ text: String) -> [String] {
        var done: [String] = []
        var command: String?
        var isAfterEscape = false
        func isString(_ command: String) -> Bool { "]P_^X".contains(command.prefix(1)) && !command.isEmpty }
        func finish() {
            if let command, isString(command) { done.append(command) }
            command = nil
        }
        func begin(_ kind: Unicode.Scalar) {
            isAfterEscape = false
            finish()
            if "]P_^X[".unicodeScalars.contains(kind) { command = String(kind) }
        }
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x1B:
                finish()
                isAfterEscape = true
            case 0x18, 0x1A: (command, isAfterEscape) = (nil, false)
            case 0x80..<0xA0: begin(Unicode.Scalar(UInt8(scalar.value - 0x40)))
            case 0x07 where command?.hasPrefix("]") == true: finish()
            case 0..<0x20, 0x7F: break
            case _ where isAfterEscape: begin(scalar)
            default:
                command?.unicodeScalars.append(scalar)
                guard let whole = command, whole.hasPrefix("["), 0x40..<0x7F ~= scalar.value else { break }
                done.append(whole)
                command = nil
            }
        }
        return done
    }
}
