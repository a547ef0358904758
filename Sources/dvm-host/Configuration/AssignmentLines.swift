internal import DVMProtocol

/// The lines in which a file of Bash sets variables, as far as they can be told by looking.
///
/// Bash itself knows only the value a file ended with. What is found here is used to help people, and never decides.
struct AssignmentLines: Hashable, Sendable {
    private var lines: [String: [Int]] = [:]

    /// The most lines that help.
    private static let most = 3

    /// Looks through a file that asked for recipes in some lines.
    init(_ bytes: [UInt8], uses: [Evaluation.Use] = []) {
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            for name in Self.names(in: line) where lines[name]?.last != index + 1 {
                lines[name, default: []].append(index + 1)
            }
        }
        let recipes = Variable.recipes.name
        lines[recipes] = Set((lines[recipes] ?? []) + uses.map(\.line)).sorted()
    }

    /// The lines for a variable; none when it is set in so many that they would not help.
    subscript(_ name: String) -> [Int] {
        let found = lines[name] ?? []
        return found.count <= Self.most ? found : []
    }

    /// The variables a line sets: names that start a word, followed by `=`, `+=` or `[…]=`.
    private static func names(in line: ArraySlice<UInt8>) -> [String] {
        guard line.first(where: { $0 != 0x20 && $0 != 0x09 }) != UInt8(ascii: "#") else { return [] }
        var names: [String] = []
        var at = line.startIndex
        while at < line.endIndex {
            let isWord = at == line.startIndex || !isName(line[at - 1]) && !"$\"'".utf8.contains(line[at - 1])
            guard isWord, isName(line[at]) else {
                at += 1
                continue
            }
            let end = line[at...].firstIndex { !isName($0) } ?? line.endIndex
            var rest = line[end...]
            if rest.first == UInt8(ascii: "["), let close = rest.firstIndex(of: UInt8(ascii: "]")) {
                rest = rest[(close + 1)...]
            }
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: ":") { rest = rest.dropFirst() }
            if rest.first == UInt8(ascii: "=") { names.append(String(decoding: line[at..<end], as: UTF8.self)) }
            at = end
        }
        return names
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
