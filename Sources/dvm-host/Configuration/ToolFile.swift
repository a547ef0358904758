internal import DVMProtocol

/// A file that describes an AI tool of the person's own: a line `key: value` for each thing dvm has to know.
///
/// Not Bash as the rest of the configuration: nothing in it has to be computed, and a line can be named when it is wrong.
struct ToolFile: Sendable {
    /// What the name of such a file ends with; before it is the tool's name.
    static let suffix = ".conf"

    private let path: FilePath
    private let text: String

    init(_ file: TrustedFiles.File) {
        path = file.path
        text = String(decoding: file.bytes, as: UTF8.self)
    }

    /// What a line can be about.
    private enum Key: String, CaseIterable {
        case summary, program, always, unattended, prompting, set, pass, login, callback, state, host
    }

    /// The tool it describes.
    ///
    /// - Throws: a `Refusal` naming the file and the line.
    func tool(named name: String) throws(Refusal) -> Tool {
        var tool = Tool(name: name, summary: "a tool of your own", programs: [])
        do throws(Refusal) {
            try Tool.checkOwnName(name)
        } catch {
            throw Refusal("\(path.shown): \(error.message)", hint: error.hint)
        }
        var seen: Set<Key> = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmed
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            do throws(Refusal) {
                let (key, value) = try Self.parts(of: line)
                guard ![.summary, .callback].contains(key) || seen.insert(key).inserted else {
                    throw Refusal("a second “\(key.rawValue):”", hint: "keep one of them")
                }
                try Self.take(key, value, in: &tool)
            } catch {
                throw Refusal("\(path.shown):\(index + 1): \(error.message)", hint: error.hint)
            }
        }
        if tool.programs.isEmpty { tool.programs = Tool.places(of: name, installedAs: name) }
        do throws(Refusal) {
            try tool.checkOwn()
        } catch {
            throw Refusal("\(path.shown): \(error.message)", hint: error.hint)
        }
        return tool
    }

    private static func parts(of line: Substring) throws(Refusal) -> (Key, String) {
        let known = Key.allCases.map(\.rawValue)
        guard let colon = line.firstIndex(of: ":") else {
            throw Refusal("it is not a line “key: value”", hint: "the keys are \(known.joined(separator: ", "))")
        }
        let word = String(line[..<colon].trimmed)
        let value = String(line[line.index(after: colon)...].trimmed)
        guard let key = Key(rawValue: word) else {
            throw Refusal(
                "“\(word.printable)” is not a key",
                hint: Suggestion.nearest(to: word, among: known).map { "did you mean \($0)?" }
                    ?? "the keys are \(known.joined(separator: ", "))"
            )
        }
        guard !value.isEmpty else { throw Refusal("“\(word):” says nothing", hint: "write a value, or leave it out") }
        guard value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw Refusal("“\(word):” contains a control character", hint: "take it out")
        }
        return (key, value)
    }

    /// Takes in a line.
    ///
    /// Arguments are one a line, so that no quoting has to be agreed on.
    private static func take(_ key: Key, _ value: String, in tool: inout Tool) throws(Refusal) {
        let words = value.split(whereSeparator: \.isWhitespace).map(String.init)
        switch key {
        case .summary: tool.summary = value
        case .program:
            try Tool.checkProgram(value)
            tool.programs.append(value)
        case .always: tool.always.arguments.append(value)
        case .unattended: tool.unattended.arguments.append(value)
        case .prompting: tool.attended.arguments.append(value)
        case .set:
            guard let equals = value.firstIndex(of: "=") else {
                throw Refusal("“\(value.printable)” sets no variable", hint: "write `set: NAME=value`")
            }
            let name = String(value[..<equals])
            try Tool.checkVariable(name)
            tool.always.variables[name] = String(value[value.index(after: equals)...])
        case .pass:
            for name in words { try Tool.checkVariable(name) }
            tool.passed += words
        case .login:
            tool.signIn = .init(arguments: (tool.signIn?.arguments ?? []) + [value], callback: tool.signIn?.callback)
        case .callback:
            tool.signIn = .init(arguments: tool.signIn?.arguments ?? [], callback: try .init(address: value))
        case .state:
            tool.state += words
            for path in words { try Tool.checkState(path, beside: tool.state) }
        case .host:
            for word in words { _ = try HostRule(word) }
            tool.domains += words
        }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = drop(while: \.isWhitespace)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
