/// A document as a tree of values, written so that no value can become anything but itself.
enum YAML: Hashable, Sendable {
    case string(String)
    case integer(Int)
    case bool(Bool)
    case list([YAML])
    case map([Entry])

    struct Entry: Hashable, Sendable {
        var key: String
        var value: YAML

        init(_ key: String, _ value: YAML) {
            self.key = key
            self.value = value
        }
    }

    /// The document, in blocks.
    var document: String { lines().joined(separator: "\n") + "\n" }

    /// The value on one line in JSON, which YAML and the expressions of `limactl edit` both read.
    var inline: String {
        switch self {
        case .string(let text): Self.quoted(text)
        case .integer(let number): "\(number)"
        case .bool(let truth): "\(truth)"
        case .list(let items): "[\(items.map(\.inline).joined(separator: ", "))]"
        case .map(let entries):
            "{\(entries.map { "\(Self.quoted($0.key)): \($0.value.inline)" }.joined(separator: ", "))}"
        }
    }

    private func lines() -> [String] {
        switch self {
        case .map(let entries) where !entries.isEmpty:
            entries.flatMap { entry in
                entry.value.isBlock
                    ? ["\(Self.key(entry.key)):"] + entry.value.lines().map { "  \($0)" }
                    : ["\(Self.key(entry.key)): \(entry.value.inline)"]
            }
        case .list(let items) where !items.isEmpty:
            items.flatMap { item in
                item.lines().enumerated().map { $0.offset == 0 ? "- \($0.element)" : "  \($0.element)" }
            }
        default: [inline]
        }
    }

    private var isBlock: Bool {
        switch self {
        case .map(let entries): !entries.isEmpty
        case .list(let items): !items.isEmpty
        default: false
        }
    }

    /// A key as it is where it could be nothing but text, else quoted.
    private static func key(_ text: String) -> String {
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        // YAML 1.1 reads some words of letters as truth or nothing.
        let words: Set<String> = ["y", "yes", "n", "no", "true", "false", "on", "off", "null"]
        let isPlain = !text.isEmpty && text.allSatisfy(letters.contains) && !words.contains(text.lowercased())
        return isPlain ? text : quoted(text)
    }

    /// Text between double quotes with JSON's escapes.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            default:
                if needsEscape(scalar) {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }

    /// Whether YAML would not take a character as it is, or a reader could not see it.
    private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value <= 0xFFFF else { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned: true
        default: scalar.value >= 0xFFFE
        }
    }
}
