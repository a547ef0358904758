/// What a program changes of a terminal that outlasts it, as the sequences pass that do it.
///
/// A program that is killed, or whose link is cut, leaves the other screen and the reports of the mouse on, and the
/// shell after it reads those as typed; one that means harm leaves them on purpose.
///
/// After xterm's ctlseqs and kitty's documentation of its keyboard protocol.
struct TerminalModes: Hashable, Sendable {
    /// What is changed and was not changed back.
    private(set) var changes = TerminalChanges()
    /// All that was ever changed: what changes it back may have been noted, and never written.
    private(set) var everChanged = TerminalChanges()

    /// Takes note of a control sequence that the terminal gets: CSI, parameters, intermediates and the last byte.
    mutating func note(sequence bytes: [UInt8]) {
        guard let final = bytes.last, Self.isNoted(final) else { return }
        let inside = bytes.dropFirst(2).dropLast()
        let marker = inside.first.flatMap { 0x3C...0x3F ~= $0 ? Character(Unicode.Scalar($0)) : nil }
        let rest = inside.dropFirst(marker == nil ? 0 : 1)
        let text = String(decoding: rest.prefix { 0x30...0x3B ~= $0 }, as: UTF8.self)
        let between = String(decoding: rest.dropFirst(text.utf8.count), as: UTF8.self)
        let numbers = text.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        switch (marker, between, Character(Unicode.Scalar(final))) {
        case ("?", "", "h"): for mode in numbers { changes.set(private: mode, on: true) }
        case ("?", "", "l"): for mode in numbers { changes.set(private: mode, on: false) }
        // As it was when it was saved, which may have been anything.
        case ("?", "", "r"): for mode in numbers { changes.touch(private: mode) }
        case (nil, "", "h"): for mode in numbers { changes.set(mode, on: true) }
        case (nil, "", "l"): for mode in numbers { changes.set(mode, on: false) }
        case (nil, "", "r"): changes.hasMargins = numbers.contains { $0 != 0 }
        case (">", "", "m"): noteKeys(numbers, isEverything: text.isEmpty)
        // Off altogether, which of some is not how they were; without a number it is the function keys.
        case (">", "", "n"): changes.set(keys: text.isEmpty ? 2 : numbers[0], to: nil)
        case (">", "", "u"): changes.push()
        case ("<", "", "u"): changes.pop(max(1, numbers.first ?? 1))
        // Flags, and what is done with them: 1 or nothing sets exactly these.
        case ("=", "", "u"):
            let isExact = numbers.count < 2 || numbers[1] == 1
            changes.hasKittyKeys = numbers.first.map { $0 != 0 } ?? false || changes.hasKittyKeys && !isExact
        case (nil, " ", "q"): changes.hasCursorShape = (numbers.first ?? 0) != 0
        default: return
        }
        everChanged.add(changes)
    }

    /// Takes note of an escape sequence that the terminal gets: ESC, intermediates and the last byte.
    mutating func note(escape bytes: [UInt8]) {
        switch bytes.count {
        case 2 where bytes[1] == UInt8(ascii: "="): changes.hasKeypad = true
        case 2 where bytes[1] == UInt8(ascii: ">"): changes.hasKeypad = false
        // Everything as in the beginning.
        case 2 where bytes[1] == UInt8(ascii: "c"): changes = TerminalChanges()
        case 3...: changes.set(characters: bytes[1], to: bytes[2...])
        default: return
        }
        everChanged.add(changes)
    }

    /// Whether a control sequence with this last byte may change anything that is noted.
    static func isNoted(_ final: UInt8) -> Bool {
        switch final {
        case UInt8(ascii: "h"), UInt8(ascii: "l"), UInt8(ascii: "r"), UInt8(ascii: "m"), UInt8(ascii: "n"),
            UInt8(ascii: "u"), UInt8(ascii: "q"):
            true
        default: false
        }
    }

    /// How xterm spells keys: which ones, and what to; without the latter as in the beginning.
    private mutating func noteKeys(_ numbers: [Int], isEverything: Bool) {
        if isEverything {
            changes.resetKeys()
        } else if numbers.count > 1 {
            changes.set(keys: numbers[0], to: numbers[1])
        } else {
            changes.reset(keys: numbers[0])
        }
    }
}
