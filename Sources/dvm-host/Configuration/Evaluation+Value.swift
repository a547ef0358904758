internal import DVMProtocol

extension Evaluation.Value {
    var isEmpty: Bool {
        switch self {
        case .text(let text): text.allSatisfy(\.isWhitespace)
        case .list(let items): items.allSatisfy { $0.allSatisfy(\.isWhitespace) }
        }
    }

    /// The items of a list, or the words of a text that stands for one.
    var words: [String] {
        switch self {
        case .text(let text): text.split(whereSeparator: \.isWhitespace).map(String.init)
        case .list(let items): items
        }
    }

    /// The words, also those within an item: a text to which `+=(…)` was added has become the first one.
    var singleWords: [String] { words.flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) } }

    /// The value as messages show it.
    var shown: String { "“\(String(text.prefix(200)).printable)”" }

    /// The value as one text: a list in parentheses, as it is written.
    private var text: String {
        switch self {
        case .text(let text): text
        case .list(let items): "(\(items.joined(separator: " ")))"
        }
    }

    /// The value as a program's variable can hold it: the items of a list with a blank between them.
    var joined: String {
        switch self {
        case .text(let text): text
        case .list(let items): items.joined(separator: " ")
        }
    }
}
