/// Which of a terminal's sequences a program in a VM may use here.
///
/// Not for it: what puts something into the clipboard, transfers files or prints, reads or writes files of this computer,
/// controls the terminal program itself, answers with text that the program chose (which the shell would read as typed),
/// reads the screen back, or gives keys another meaning. Questions that full-screen programs ask and whose answers are numbers only pass (cursor position, size,
/// colours, attributes), as does everything else.
///
/// After xterm's ctlseqs, iTerm2's, kitty's and rxvt-unicode's documentation; CVE-2003-0063 (title reports), CVE-2008-2383
/// (DECRQSS), CVE-2019-9535 (what tmux -CC says to iTerm2), CVE-2021-33477 (an answer of rxvt's that ends a line).
struct TerminalRules: Hashable, Sendable {
    /// Control strings, by the byte after ESC.
    enum StringKind: UInt8, Hashable, Sendable {
        /// DCS.
        case device = 0x50
        /// SOS.
        case start = 0x58
        /// OSC.
        case command = 0x5D
        /// PM.
        case privacy = 0x5E
        /// APC.
        case application = 0x5F
    }

    /// What becomes of a string.
    enum Verdict: Hashable, Sendable {
        case drop
        /// It begins like this, and goes on as it came.
        case pass([UInt8])
    }

    /// Put before every title.
    let titlePrefix: [UInt8]

    // MARK: Sequences

    /// Whether ESC and what follows it may pass.
    func passes(escape bytes: [UInt8]) -> Bool {
        switch bytes.dropFirst().first {
        // ESC % … leaves UTF-8, and single bytes would become the controls we look for in two. ESC % G comes back to it.
        case UInt8(ascii: "%")?: bytes.last == UInt8(ascii: "G")
        // rxvt's graphics, whose answer is a line of input.
        case UInt8(ascii: "G")?: false
        default: true
        }
    }

    /// Whether a control sequence may pass: CSI, parameters, intermediates and the last byte.
    func passes(sequence bytes: [UInt8]) -> Bool {
        let inside = bytes.dropFirst(2)
        let marker = inside.first.flatMap { 0x3C...0x3F ~= $0 ? Character(Unicode.Scalar($0)) : nil }
        let parameters = inside.dropFirst(marker == nil ? 0 : 1).prefix { 0x30...0x3B ~= $0 }
        let rest = inside.dropFirst((marker == nil ? 0 : 1) + parameters.count)
        let between = String(decoding: rest.prefix { 0x20..<0x30 ~= $0 }, as: UTF8.self)
        // In another order terminals make different things of it.
        guard let final = rest.last, rest.count == between.utf8.count + 1 else { return false }
        let digits = parameters.prefix { 0x30...0x39 ~= $0 }
        // Terminals cut large numbers off in different ways: whatever it is, it is none of those we let pass.
        let first = digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self)).flatMap { $0 < 10_000 ? $0 : nil }
        switch (marker, between, Character(Unicode.Scalar(final))) {
        // Title and icon name, typed back.
        case (nil, "", "t"): return first.map { $0 != 20 && $0 != 21 } ?? false
        // Printing.
        case (_, "", "i"): return false
        // Status: the position of the cursor and the colour scheme pass, as full-screen programs wait for them.
        case (nil, "", "n"): return first == 6
        case ("?", "", "n"): return first == 6 || first == 996
        // The terminal's parameters, a checksum of the screen, and states of its presentation and of its own.
        case (nil, "", "x"), (_, "*", "y"), (_, "$", "w"), (_, "$", "u"): return false
        default: return true
        }
    }

    /// Whether a control sequence with this last byte may be one that does not pass.
    static func isJudged(_ final: UInt8) -> Bool {
        switch final {
        case UInt8(ascii: "t"), UInt8(ascii: "i"), UInt8(ascii: "n"), UInt8(ascii: "x"), UInt8(ascii: "y"),
            UInt8(ascii: "w"), UInt8(ascii: "u"):
            true
        // Modes and margins, of which is taken note.
        case UInt8(ascii: "h"), UInt8(ascii: "l"), UInt8(ascii: "r"): true
        default: false
        }
    }

    // MARK: Strings

    /// Whether enough of a string has come to judge it.
    func isDecidable(_ kind: StringKind, _ bytes: [UInt8]) -> Bool {
        guard let last = bytes.last else { return false }
        switch kind {
        case .command:
            guard !(0x30...0x39 ~= last) else { return false }
            return switch number(bytes) {
            case 99: last == 0x07 || bytes.count { $0 == UInt8(ascii: ";") } == 2
            case 1337: isOneOf("=\u{7};:", last) && keyHasCome(bytes)
            default: true
            }
        case .device: return 0x40..<0x7F ~= last || last >= 0x80
        case .application: return bytes.dropFirst(2).first != UInt8(ascii: "G") || last == UInt8(ascii: ";")
        case .start, .privacy: return true
        }
    }

    /// What becomes of a string of which this much has come; it may have ended with it.
    func verdict(_ kind: StringKind, _ bytes: [UInt8]) -> Verdict {
        switch kind {
        case .command: command(bytes)
        case .device: passes(device: bytes) ? .pass(bytes) : .drop
        case .application: passes(application: bytes) ? .pass(bytes) : .drop
        case .start, .privacy: .pass(bytes)
        }
    }

    private func command(_ bytes: [UInt8]) -> Verdict {
        let afterNumber = bytes.dropFirst(2).drop { 0x30...0x39 ~= $0 }.first
        guard let number = number(bytes), afterNumber == nil || afterNumber == UInt8(ascii: ";") else { return .drop }
        switch number {
        case 0, 1, 2: return .pass(afterNumber == nil ? bytes : bytes + titlePrefix)
        // A property of the window, rxvt's background (a file of this computer), kitty's colours (whose answer repeats
        // what it does not know), a log file, a font's name, calls of functions in the editor whose terminal this is (Vim,
        // Emacs's vterm), the clipboard, the screen into a file, kitty's files and clipboard.
        case 3, 20, 21, 46, 50, 51, 52, 55, 5113, 5522: return .drop
        case 99: return answers(notification: bytes) ? .drop : .pass(bytes)
        case 1337: return Self.harmless.contains(key(bytes)) ? .pass(bytes) : .drop
        default: return .pass(bytes)
        }
    }

    /// What iTerm2 does beyond transferring files, the clipboard and telling what it knows.
    private static let harmless: Set<String> = [
        "ClearScrollback", "CurrentDir", "CursorShape", "HighlightCursorLine", "RemoteHost", "SetMark",
        "ShellIntegrationVersion", "UnicodeVersion",
    ]

    /// Whether kitty answers to a message with the name that the program gave it: at once, or when the person clicks on it.
    private func answers(notification bytes: [UInt8]) -> Bool {
        let rest = bytes.dropFirst(2).drop { $0 != UInt8(ascii: ";") }.dropFirst()
        return String(decoding: rest.prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self).split(separator: ":").contains {
            pair in
            pair == "p=?" || pair == "p=alive" || pair == "c=1" || pair.hasPrefix("a=") && pair.contains("report")
        }
    }

    /// The number of an operating system command; nothing when it has none that all terminals read alike.
    private func number(_ bytes: [UInt8]) -> Int? {
        let digits = bytes.dropFirst(2).prefix { 0x30...0x39 ~= $0 }
        return digits.count <= 6 ? Int(String(decoding: digits, as: UTF8.self)) : nil
    }

    private func key(_ bytes: [UInt8]) -> String {
        let rest = bytes.dropFirst(2).drop { $0 != UInt8(ascii: ";") }.dropFirst()
        return String(decoding: rest.prefix { !isOneOf("=;:", $0) }, as: UTF8.self)
    }

    private func keyHasCome(_ bytes: [UInt8]) -> Bool {
        bytes.dropFirst(2).drop { $0 != UInt8(ascii: ";") }.count > 1
    }

    private func isOneOf(_ characters: String, _ byte: UInt8) -> Bool { characters.utf8.contains(byte) }

    /// Questions whose answer repeats what was asked, keys with another meaning, what tmux would hand on unseen, macros,
    /// which a terminal carries out later, written in hexadecimal (DECDMAC), and what the terminal program itself is
    /// controlled by: kitty's commands, and tmux -CC and ssh speaking to iTerm2.
    private func passes(device bytes: [UInt8]) -> Bool {
        let inside = bytes.dropFirst(2).drop { 0x30..<0x40 ~= $0 }
        let start = String(decoding: inside, as: UTF8.self)
        // ReGIS, which ends its numbers with the same letter, has one digit.
        if start.hasPrefix("p") { return bytes.count <= 4 }
        return !["$q", "+", "|", "$t", "t", "@", "!z"].contains { start.hasPrefix($0) }
    }

    /// kitty's images: sent along, and not named as files or shared memory of this computer.
    private func passes(application bytes: [UInt8]) -> Bool {
        let inside = bytes.dropFirst(2)
        guard inside.first == UInt8(ascii: "G") else { return true }
        let keys = String(decoding: inside.dropFirst().prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self)
        return keys.split(separator: ",").allSatisfy { !$0.hasPrefix("t") || $0 == "t=d" }
    }
}
