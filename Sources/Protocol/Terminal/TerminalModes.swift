/// What a program has changed of a terminal, and not changed back: what outlasts it.
///
/// A program that is killed, or whose link is cut, leaves the other screen and the reports of the mouse on, and the
/// shell after it reads those as typed; one that means harm leaves them on purpose.
///
/// After xterm's ctlseqs and kitty's documentation of its keyboard protocol.
struct TerminalModes: Hashable, Sendable {
    /// Private modes that are off in a terminal nobody has changed: cursor keys, reverse video, the origin, mouse, focus,
    /// the keypad, pasted text, updates at once, and reports of colours and size.
    private static let usuallyOff: Set<Int> = [
        1, 5, 6, 9, 66, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 2031, 2048,
    ]
    /// Those that are on: lines that wrap, the cursor.
    private static let usuallyOn: Set<Int> = [7, 25]
    /// The other screen, in three spellings.
    private static let screens: Set<Int> = [47, 1047, 1049]

    private var changed: Set<Int> = []
    /// Whether what is written moves text along (IRM).
    private var inserts = false
    /// Whether the keypad's keys have meanings of their own (DECKPAM).
    private var hasKeypad = false
    /// Whether keys are spelt as xterm does with modifyOtherKeys, or as kitty's protocol has it.
    private var hasOtherKeys = false
    private var hasKittyKeys = false
    /// How many settings of kitty's protocol were laid on others.
    private var pushes = 0
    private var hasCursorShape = false

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
        case ("?", "", "h"): for mode in numbers { set(mode, on: true) }
        case ("?", "", "l"): for mode in numbers { set(mode, on: false) }
        // As it was when it was saved, which may have been anything.
        case ("?", "", "r"): for mode in numbers where Self.isKnown(mode) { changed.insert(mode) }
        case (nil, "", "h") where numbers.contains(4): inserts = true
        case (nil, "", "l") where numbers.contains(4): inserts = false
        case (">", "", "m") where numbers.first == 4: hasOtherKeys = numbers.count > 1 && numbers[1] != 0
        case (">", "", "u"): pushes = min(pushes + 1, Self.mostPushes)
        case ("<", "", "u"): pushes -= min(pushes, max(1, numbers.first ?? 1))
        // Flags, and what is done with them: 1 or nothing sets exactly these.
        case ("=", "", "u"):
            let isExact = numbers.count < 2 || numbers[1] == 1
            hasKittyKeys = numbers.first.map { $0 != 0 } ?? false || hasKittyKeys && !isExact
        case (nil, " ", "q"): hasCursorShape = (numbers.first ?? 0) != 0
        default: break
        }
    }

    /// Takes note of the byte after ESC.
    mutating func note(escape byte: UInt8) {
        switch byte {
        case UInt8(ascii: "="): hasKeypad = true
        case UInt8(ascii: ">"): hasKeypad = false
        // Everything as in the beginning.
        case UInt8(ascii: "c"): self = Self()
        default: break
        }
    }

    /// Whether a control sequence with this last byte may change anything that is noted.
    static func isNoted(_ final: UInt8) -> Bool {
        switch final {
        case UInt8(ascii: "h"), UInt8(ascii: "l"), UInt8(ascii: "r"), UInt8(ascii: "m"), UInt8(ascii: "u"),
            UInt8(ascii: "q"):
            true
        default: false
        }
    }

    /// As many as kitty keeps, and more.
    private static let mostPushes = 99

    private static func isKnown(_ mode: Int) -> Bool {
        usuallyOff.contains(mode) || usuallyOn.contains(mode) || screens.contains(mode)
    }

    private mutating func set(_ mode: Int, on: Bool) {
        guard Self.isKnown(mode) else { return }
        if on == Self.usuallyOn.contains(mode) { changed.remove(mode) } else { changed.insert(mode) }
    }

    /// What changes it back; nothing where nothing is changed.
    ///
    /// The other screen is left after its keys are plain: each screen has settings of its own for those. And then plain
    /// letters in plain text, since what drew on the other screen did not come to the end of that either.
    var undoing: [UInt8] {
        guard self != Self() else { return [] }
        let keys = (pushes > 0 ? "\u{1B}[<\(pushes)u" : "") + (hasKittyKeys ? "\u{1B}[=0;1u" : "")
        let off = changed.subtracting(Self.screens).sorted().map { mode in
            "\u{1B}[?\(mode)\(Self.usuallyOn.contains(mode) ? "h" : "l")"
        }
        let screen = changed.intersection(Self.screens).sorted().map { "\u{1B}[?\($0)l" }.joined()
        let text =
            keys + (hasOtherKeys ? "\u{1B}[>4;0m" : "") + (hasKeypad ? "\u{1B}>" : "") + (inserts ? "\u{1B}[4l" : "")
            + off.joined() + (screen.isEmpty ? "" : screen + keys) + (hasCursorShape ? "\u{1B}[0 q" : "")
            + "\u{1B}(B\u{1B}[0m"
        return Array(text.utf8)
    }
}
