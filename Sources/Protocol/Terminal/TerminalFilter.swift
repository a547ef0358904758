/// What a program in a VM writes to a terminal, without the sequences by which it could reach beyond its screen.
///
/// A state machine after the parser of DEC's terminals (vt100.net/emu/dec_ansi_parser), which the terminals people use
/// follow: in every state a terminal is in, this one is too, so that nothing hides in what one of them ends and the other
/// does not. Sequences are judged by `TerminalRules`; what passes is handed on byte for byte, but for a title's prefix.
/// What it holds back of an unfinished sequence is at most `mostHeld` bytes.
public struct TerminalFilter: Hashable, Sendable {
    private enum State: Hashable {
        /// Text.
        case ground
        /// After ESC, or the first byte of a two-byte C1 control.
        case escape
        /// In a control sequence, before its last byte.
        case sequence
        /// At the start of a control string that is not judged yet.
        case header(TerminalRules.StringKind)
        /// In a control string, to its end.
        case string(TerminalRules.StringKind, passes: Bool)
    }

    /// Longer than any sequence in use; a longer one is not passed on.
    private static let mostHeld = 512

    private static let escape: UInt8 = 0x1B
    /// The first byte of C1 controls in UTF-8.
    private static let lead: UInt8 = 0xC2

    private let rules: TerminalRules
    private var state = State.ground
    /// The sequence so far.
    private var held: [UInt8] = []
    /// A first byte of two whose second has not come.
    private var hasLead = false
    /// Whether the string that an ESC may be ending is one that was dropped.
    private var endsDropped = false
    /// Whether the terminal is in a string that was passed on.
    ///
    /// What ends it may turn out to be dropped, and then its text must not go on with what follows.
    private var isOpen = false
    /// What was changed of the terminal.
    private var modes = TerminalModes()

    /// A filter; the prefix is put before every title.
    public init(titlePrefix: String) { rules = TerminalRules(titlePrefix: Array(titlePrefix.utf8)) }

    /// What of these bytes is for the terminal, beside what was held back of those before.
    public mutating func pass(_ bytes: [UInt8]) -> [UInt8] {
        var passed: [UInt8] = []
        passed.reserveCapacity(bytes.count + 64)
        var index = 0
        while index < bytes.count {
            // Text and the insides of strings, most of all output, in one go.
            let start = index
            switch state {
            case _ where hasLead: break
            case .ground:
                index = Self.endOfText(in: bytes, from: index)
                passed.append(contentsOf: bytes[start..<index])
            case .string(_, let passes):
                while index < bytes.count, !Self.isSpecial(bytes[index]) { index += 1 }
                if passes { passed.append(contentsOf: bytes[start..<index]) }
            default: break
            }
            guard index < bytes.count else { break }
            take(bytes[index], into: &passed)
            index += 1
        }
        return passed
    }

    /// What puts the terminal back as it was, when nothing more comes.
    ///
    /// - Parameter isCutShort: whether not everything that passed was written: a string may be open in its middle then, and
    ///   what changed something back may be missing.
    /// - Returns: what is to be written then; nothing where the terminal is as it was.
    public func ending(isCutShort: Bool = false) -> [UInt8] {
        let undoing = changes(isCutShort).undoing
        // A string would take what follows for its text.
        return isOpen || isCutShort || !undoing.isEmpty ? [Self.escape, UInt8(ascii: "\\")] + undoing : []
    }

    /// Whether the terminal sends what nobody typed, as of the mouse, until it is put back.
    public func hasReports(isCutShort: Bool = false) -> Bool { changes(isCutShort).hasReports }

    private func changes(_ isCutShort: Bool) -> TerminalChanges { isCutShort ? modes.everChanged : modes.changes }

    /// Whether a byte is looked at wherever it stands.
    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x05, 0x07, 0x18, 0x1A, escape, lead: true
        default: false
        }
    }

    /// Where what passes without a closer look ends: text, and sequences as colours and movements are.
    private static func endOfText(in bytes: [UInt8], from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte >= 0x20, byte != lead {
                index += 1
            } else if byte == escape {
                guard let end = endOfHarmless(in: bytes, from: index) else { break }
                index = end
            } else if byte == lead, index + 1 < bytes.count, bytes[index + 1] >= 0xA0 {
                index += 2
            } else if !isSpecial(byte) {
                index += 1
            } else {
                break
            }
        }
        return index
    }

    /// The end of a sequence that begins here, all of which has come, and whose last byte has no meaning that is judged.
    private static func endOfHarmless(in bytes: [UInt8], from start: Int) -> Int? {
        // What a terminal's maker has added changes how it works, colours and movements do not.
        guard start + 2 < bytes.count, bytes[start + 1] == UInt8(ascii: "["), !(0x3C..<0x40 ~= bytes[start + 2]) else {
            return nil
        }
        var index = start + 2
        while index < bytes.count, index - start < mostHeld, 0x30..<0x40 ~= bytes[index] { index += 1 }
        guard index < bytes.count, 0x40..<0x7F ~= bytes[index] else { return nil }
        return TerminalRules.isJudged(bytes[index]) ? nil : index + 1
    }

    private mutating func take(_ byte: UInt8, into passed: inout [UInt8]) {
        if hasLead {
            hasLead = false
            // U+0080 to U+009F mean what ESC and a byte 64 lower mean.
            if 0x80..<0xA0 ~= byte {
                begin(into: &passed)
                held = [Self.lead]
                finishEscape(byte - 0x40, written: byte, into: &passed)
                return
            }
            plain(Self.lead, into: &passed)
        }
        switch byte {
        case Self.lead:
            hasLead = true
        case Self.escape:
            begin(into: &passed)
            held = [byte]
        case 0x18, 0x1A:
            // CAN and SUB end whatever is going on.
            end()
            isOpen = false
            passed.append(byte)
        default:
            plain(byte, into: &passed)
        }
    }

    /// Begins a sequence, whatever was going on before.
    private mutating func begin(into passed: inout [UInt8]) {
        if case .header(let kind) = state { settle(kind, into: &passed) }
        if case .string(_, false) = state { endsDropped = true } else { endsDropped = false }
        state = .escape
    }

    private mutating func plain(_ byte: UInt8, into passed: inout [UInt8]) {
        switch state {
        case .ground:
            // ENQ: terminals answer with a text of their owner's.
            if byte != 0x05 { passed.append(byte) }
        case .escape:
            control(byte, into: &passed) { this, passed in
                if 0x20..<0x30 ~= byte, this.held.count < Self.mostHeld {
                    this.held.append(byte)
                } else {
                    this.finishEscape(byte, written: byte, into: &passed)
                }
            }
        case .sequence:
            control(byte, into: &passed) { this, passed in
                this.held.append(byte)
                guard 0x40..<0x7F ~= byte else { return }
                let passes = this.held.count <= Self.mostHeld && this.rules.passes(sequence: this.held)
                if passes { this.modes.note(sequence: this.held) }
                this.close(passes ? this.held : nil, into: &passed)
            }
        case .header(let kind):
            // Terminals pass over controls in strings.
            if byte < 0x20, !(byte == 0x07 && kind == .command) { return }
            held.append(byte)
            guard rules.isDecidable(kind, held) || held.count > Self.mostHeld else { return }
            if byte == 0x07 { held.removeLast() }
            settle(kind, into: &passed)
            if byte == 0x07 { plain(byte, into: &passed) }
        case .string(let kind, let passes):
            if passes { passed.append(byte) }
            guard byte == 0x07, kind == .command else { return }
            isOpen = false
            end()
        }
    }

    /// Controls within a sequence are carried out at once, and it goes on after them.
    private mutating func control(
        _ byte: UInt8,
        into passed: inout [UInt8],
        else body: (inout Self, inout [UInt8]) -> Void
    ) {
        switch byte {
        case 0x05, 0x7F: break
        case 0..<0x20: passed.append(byte)
        default: body(&self, &passed)
        }
    }

    /// The last byte of an escape sequence, or a C1 control, as the byte after ESC that means the same.
    private mutating func finishEscape(_ meaning: UInt8, written byte: UInt8, into passed: inout [UInt8]) {
        held.append(byte)
        if held.count == 2 {
            switch meaning {
            case UInt8(ascii: "["):
                state = .sequence
                return
            case UInt8(ascii: "\\") where endsDropped:
                end()
                return
            default:
                if let kind = TerminalRules.StringKind(rawValue: meaning) {
                    state = .header(kind)
                    return
                }
            }
        }
        let passes = rules.passes(escape: held)
        if passes { modes.note(escape: held) }
        close(passes ? held : nil, into: &passed)
    }

    /// Judges a string by what has come of it.
    private mutating func settle(_ kind: TerminalRules.StringKind, into passed: inout [UInt8]) {
        switch held.count > Self.mostHeld ? .drop : rules.verdict(kind, held) {
        case .drop:
            close(nil, into: &passed)
            state = .string(kind, passes: false)
        case .pass(let start):
            passed += start
            end()
            isOpen = true
            state = .string(kind, passes: true)
        }
    }

    /// Ends a sequence, with what of it is for the terminal; whatever that is, no string is open after it.
    private mutating func close(_ sequence: [UInt8]?, into passed: inout [UInt8]) {
        if let sequence { passed += sequence } else if isOpen { passed += [Self.escape, UInt8(ascii: "\\")] }
        isOpen = false
        end()
    }

    private mutating func end() {
        held = []
        endsDropped = false
        state = .ground
    }
}
