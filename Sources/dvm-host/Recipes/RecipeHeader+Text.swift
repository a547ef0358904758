internal import DVMProtocol

extension RecipeHeader {
    /// Reads the header of a recipe's text: the lines `# dvm: <key>: <value>` among the comments at its top.
    ///
    /// A line of that form further down, or a key that does not exist, is refused: it was meant to say something.
    ///
    /// - Throws: a `Refusal` naming file and line.
    init(of text: String, at path: FilePath) throws(Refusal) {
        self.init()
        var isTop = true
        var once: Set<Key> = []
        // Bytes and not characters: a carriage return and a line feed are one character, and most lines are no comments.
        let lines = Array(text.utf8).split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let isComment = line.first == UInt8(ascii: "#")
            if isTop, !isComment, line.contains(where: { $0 > 0x20 }) { isTop = false }
            guard isComment, let statement = Self.statement(line) else { continue }
            do throws(Refusal) {
                guard isTop else {
                    throw Refusal(
                        "a line of the header below the first command",
                        hint: "move it to the top of the file"
                    )
                }
                let (key, value) = try Self.parts(of: statement)
                guard ![.summary, .as, .service].contains(key) || once.insert(key).inserted else {
                    throw Refusal("a second “\(key.rawValue):”", hint: "keep one of them")
                }
                try take(key, value)
            } catch {
                throw Refusal("\(path.shown):\(index + 1): \(error.message)", hint: error.hint)
            }
        }
        guard secrets.isEmpty || identity == .root else {
            throw Refusal(
                "\(path.shown): a recipe with `secrets:` runs as root, since only root can read them",
                hint: "take out `as: user`, or the secrets"
            )
        }
    }

    /// What follows `# dvm:` in a line; nothing when the line is another comment.
    ///
    /// Also without the blank, and `# dvm-needs: …` as an earlier dvm had it.
    private static func statement(_ line: ArraySlice<UInt8>) -> Substring? {
        let comment = line.dropFirst().drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard comment.starts(with: "dvm".utf8) else { return nil }
        let rest = Substring(decoding: comment.dropFirst(3), as: UTF8.self)
        if rest.hasPrefix(":") { return rest.dropFirst() }
        guard rest.hasPrefix("-"), let colon = rest.firstIndex(of: ":") else { return nil }
        let word = rest[rest.index(after: rest.startIndex)..<colon]
        return Key(rawValue: String(word)) == nil ? nil : rest.dropFirst()
    }

    private static func parts(of statement: Substring) throws(Refusal) -> (Key, String) {
        let known = Key.allCases.map(\.rawValue)
        guard let colon = statement.firstIndex(of: ":") else {
            throw Refusal(
                "it is not a line “# dvm: key: value”",
                hint: "the keys are \(known.joined(separator: ", "))"
            )
        }
        let word = String(statement[..<colon].trimmed)
        let value = String(statement[statement.index(after: colon)...].trimmed)
        guard let key = Key(rawValue: word) else {
            throw Refusal(
                "“\(word.printable)” is not a key of a recipe's header",
                hint: Suggestion.nearest(to: word, among: known).map { "did you mean \($0)?" }
                    ?? "the keys are \(known.joined(separator: ", "))"
            )
        }
        guard !value.isEmpty else {
            throw Refusal("“\(word):” says nothing", hint: "write a value, or leave the line out")
        }
        guard value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw Refusal("“\(word):” contains a control character", hint: "take it out")
        }
        return (key, value)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = drop { $0 == " " || $0 == "\t" }
        while rest.last == " " || rest.last == "\t" || rest.last == "\r" { rest.removeLast() }
        return rest
    }
}
