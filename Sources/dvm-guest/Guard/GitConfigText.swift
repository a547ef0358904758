/// What a configuration file of git says, read as data: no git looks at it, so nothing in it can make git do something.
///
/// The grammar is that of git-config(1), “Syntax”.
struct GitConfigText: Equatable {
    /// A variable: its key with section and name in lower case, and its value; a name alone means `true`.
    struct Setting: Hashable {
        var key: String
        var value: String

        /// The key without its subsection: `filter.lfs.clean` is `filter.*.clean`.
        var kind: String {
            let parts = key.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count > 2 ? "\(parts[0]).*.\(parts[parts.count - 1])" : key
        }
    }

    var settings: [Setting] = []

    /// Reads a file; `nil` when git would not understand it either.
    init?(_ bytes: [UInt8]) {
        var scanner = Scanner(rest: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...])
        var section: String?
        while let byte = scanner.peek() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): scanner.skip()
            case UInt8(ascii: "#"), UInt8(ascii: ";"): scanner.skipLine()
            case UInt8(ascii: "["):
                guard let name = scanner.section() else { return nil }
                section = name
            default:
                guard let section, let (name, value) = scanner.setting() else { return nil }
                settings.append(Setting(key: "\(section).\(name)", value: value))
            }
        }
    }

    /// The last value of a key, which is the one that counts.
    subscript(key: String) -> String? { settings.last { $0.key == key }?.value }

    private struct Scanner {
        var rest: ArraySlice<UInt8>

        func peek() -> UInt8? { rest.first }
        mutating func skip() { rest = rest.dropFirst() }
        mutating func skipLine() { rest = rest.drop { $0 != UInt8(ascii: "\n") } }
        mutating func next() -> UInt8? { rest.popFirst() }
        mutating func skipBlanks() { rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }

        /// `[section]` or `[section "subsection"]`.
        mutating func section() -> String? {
            skip()
            let name = rest.prefix { Self.isWord($0) || $0 == UInt8(ascii: ".") }
            rest = rest.dropFirst(name.count)
            let section = String(decoding: name, as: UTF8.self).lowercased()
            skipBlanks()
            guard let byte = next(), !name.isEmpty else { return nil }
            if byte == UInt8(ascii: "]") { return section }
            guard byte == UInt8(ascii: "\"") else { return nil }
            var subsection: [UInt8] = []
            while let byte = next(), byte != UInt8(ascii: "\n") {
                if byte == UInt8(ascii: "\"") {
                    return next() == UInt8(ascii: "]")
                        ? "\(section).\(String(decoding: subsection, as: UTF8.self))" : nil
                }
                guard byte == UInt8(ascii: "\\") else {
                    subsection.append(byte)
                    continue
                }
                guard let escaped = next(), escaped != UInt8(ascii: "\n") else { return nil }
                subsection.append(escaped)
            }
            return nil
        }

        /// `name = value`, or `name` alone.
        mutating func setting() -> (name: String, value: String)? {
            let name = rest.prefix(while: Self.isWord)
            rest = rest.dropFirst(name.count)
            guard let first = name.first, first != UInt8(ascii: "-"), !(0x30...0x39).contains(first) else { return nil }
            skipBlanks()
            let key = String(decoding: name, as: UTF8.self).lowercased()
            switch peek() {
            case nil, UInt8(ascii: "\n"): return (key, "true")
            case UInt8(ascii: "\r"): return (key, "true")
            case UInt8(ascii: "="): skip()
            // Only blanks may stand between a name and its end.
            default: return nil
            }
            return value().map { (key, $0) }
        }

        private mutating func value() -> String? {
            skipBlanks()
            var value: [UInt8] = []
            // Blanks count only when something follows them.
            var blanks: [UInt8] = []
            var quoted = false
            while let byte = next() {
                switch byte {
                case UInt8(ascii: "\n"):
                    return quoted ? nil : String(decoding: value, as: UTF8.self)
                case UInt8(ascii: "\r") where peek() == UInt8(ascii: "\n"): continue
                case UInt8(ascii: "\""): quoted.toggle()
                case UInt8(ascii: " "), UInt8(ascii: "\t"):
                    if quoted { value.append(byte) } else { blanks.append(byte) }
                    continue
                case UInt8(ascii: "#"), UInt8(ascii: ";"):
                    guard quoted else {
                        skipLine()
                        continue
                    }
                    value += blanks + [byte]
                case UInt8(ascii: "\\"):
                    guard let escaped = next() else { return nil }
                    guard let meant = Self.escapes[escaped] else { return nil }
                    value += blanks + meant
                default: value += blanks + [byte]
                }
                blanks = []
            }
            return quoted ? nil : String(decoding: value, as: UTF8.self)
        }

        private static let escapes: [UInt8: [UInt8]] = [
            UInt8(ascii: "n"): [0x0A], UInt8(ascii: "t"): [0x09], UInt8(ascii: "b"): [0x08],
            UInt8(ascii: "\""): [0x22], UInt8(ascii: "\\"): [0x5C],
            // A line that goes on in the next one.
            0x0A: [],
        ]

        private static func isWord(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-")
        }
    }
}
