/// What of a terminal is other than in one that nobody has changed.
struct TerminalChanges: Hashable, Sendable {
    /// Private modes that make a terminal send what nobody typed: mouse, focus, colours and size.
    private static let reports: Set<Int> = [9, 1000, 1001, 1002, 1003, 1004, 2031, 2048]
    /// Private modes that are off in a terminal nobody has changed: reports, how they are spelt, cursor keys, reverse
    /// video, the origin, the keypad, the key for backspace, margins at the sides, pasted text, and updates at once.
    private static let usuallyOff = reports.union([1, 5, 6, 66, 67, 69, 1005, 1006, 1015, 1016, 2004, 2026])
    /// Those that are on: lines that wrap, the cursor.
    private static let usuallyOn: Set<Int> = [7, 25]
    /// The other screen, in three spellings.
    private static let screens: Set<Int> = [47, 1047, 1049]
    /// Modes of the standard, which are off: a keyboard that is locked (KAM), text that is moved along by what is written
    /// (IRM), and line feeds that begin a line, where the Enter key sends two bytes (LNM).
    private static let standardModes: Set<Int> = [2, 4, 20]
    /// What xterm spells keys by, with its value in the beginning: modifyKeyboard, modifyCursorKeys and so on.
    private static let keyResources = [0: 0, 1: 2, 2: 2, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0]
    /// As many settings of kitty's protocol as kitty keeps, and more.
    private static let mostPushes = 99

    private var privateModes: Set<Int> = []
    private var modes: Set<Int> = []
    private var keys: Set<Int> = []
    /// How many settings of kitty's protocol were laid on others.
    private var pushes = 0
    /// Where there is another character set than ASCII, as the byte after ESC that puts ASCII there.
    private var characters: Set<UInt8> = []
    /// Whether keys are spelt as kitty's protocol has it.
    var hasKittyKeys = false
    /// Whether the keypad's keys have meanings of their own (DECKPAM).
    var hasKeypad = false
    /// Whether only some lines move (DECSTBM).
    var hasMargins = false
    var hasCursorShape = false

    /// Whether the terminal sends what nobody typed.
    var hasReports: Bool { !privateModes.isDisjoint(with: Self.reports) }

    mutating func set(private mode: Int, on: Bool) {
        if on == Self.usuallyOn.contains(mode) { privateModes.remove(mode) } else { touch(private: mode) }
    }

    /// A private mode is something unknown now.
    mutating func touch(private mode: Int) {
        guard Self.usuallyOff.contains(mode) || Self.usuallyOn.contains(mode) || Self.screens.contains(mode) else {
            return
        }
        privateModes.insert(mode)
    }

    mutating func set(_ mode: Int, on: Bool) {
        guard Self.standardModes.contains(mode) else { return }
        if on { modes.insert(mode) } else { modes.remove(mode) }
    }

    /// Sets one of xterm's ways to spell keys to a value, or off altogether.
    mutating func set(keys resource: Int, to value: Int?) {
        guard let usual = Self.keyResources[resource] else { return }
        if value == usual { keys.remove(resource) } else { keys.insert(resource) }
    }

    mutating func reset(keys resource: Int) { keys.remove(resource) }

    mutating func resetKeys() { keys = [] }

    mutating func push() { pushes = min(pushes + 1, Self.mostPushes) }

    mutating func pop(_ count: Int) { pushes -= min(pushes, count) }

    /// Puts a character set in one of four places, by the byte after ESC.
    mutating func set(characters place: UInt8, to set: ArraySlice<UInt8>) {
        switch place {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"):
            if set.elementsEqual([UInt8(ascii: "B")]) { characters.remove(place) } else { characters.insert(place) }
        // Sets with 96 characters, which go to the last three of these by other bytes.
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"): characters.insert(place - 4)
        default: break
        }
    }

    /// Adds what else is changed.
    mutating func add(_ other: Self) {
        guard other != self else { return }
        privateModes.formUnion(other.privateModes)
        modes.formUnion(other.modes)
        keys.formUnion(other.keys)
        pushes = max(pushes, other.pushes)
        characters.formUnion(other.characters)
        hasKittyKeys = hasKittyKeys || other.hasKittyKeys
        hasKeypad = hasKeypad || other.hasKeypad
        hasMargins = hasMargins || other.hasMargins
        hasCursorShape = hasCursorShape || other.hasCursorShape
    }

    /// What changes all of it back; nothing when nothing is changed.
    ///
    /// The screens have keys of their own in kitty's protocol, so those are changed on both.
    var undoing: [UInt8] {
        guard self != Self() else { return [] }
        let kitty = (pushes > 0 ? "\u{1B}[<\(pushes)u" : "") + (hasKittyKeys ? "\u{1B}[=0;1u" : "")
        // Other terminals than xterm know this one, and not how it was in the beginning.
        let xterm = keys.sorted().map { $0 == 4 ? "\u{1B}[>4;0m" : "\u{1B}[>\($0)m" }
        let standard = modes.sorted().map { "\u{1B}[\($0)l" }
        let off = privateModes.subtracting(Self.screens).sorted().map { mode in
            "\u{1B}[?\(mode)\(Self.usuallyOn.contains(mode) ? "h" : "l")"
        }
        let screen = privateModes.intersection(Self.screens).sorted().map { "\u{1B}[?\($0)l" }
        var parts = [kitty] + xterm + [hasKeypad ? "\u{1B}>" : ""] + standard + off
        if !screen.isEmpty { parts += screen + [kitty] }
        // The cursor goes to the corner with the margins.
        if hasMargins { parts.append("\u{1B}7\u{1B}[r\u{1B}8") }
        if hasCursorShape { parts.append("\u{1B}[0 q") }
        // Letters by the first set, which is ASCII, without attributes: SI is not noted, as it passes among text.
        parts += characters.subtracting([UInt8(ascii: "(")]).sorted().map { "\u{1B}\(Unicode.Scalar($0))B" }
        return Array((parts.joined() + "\u{0F}\u{1B}(B\u{1B}[0m").utf8)
    }
}
