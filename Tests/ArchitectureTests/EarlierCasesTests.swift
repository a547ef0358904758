import Foundation
import Testing

/// docs/earlier-dvm.md: every acceptance case and every trap of the earlier dvm, with the tests that hold it.
@Suite struct `The list of the earlier dvm's cases` {
    private struct Row {
        var number: String
        var about: String
        /// What the last column says.
        var tests: String
    }

    private func rows() throws -> [Row] {
        let text = try String(contentsOf: SourceTree.repository.appending(path: "docs/earlier-dvm.md"), encoding: .utf8)
        return text.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("| case ") || line.hasPrefix("| trap ") else { return nil }
            // A bar in a cell is written with a backslash.
            let cells = line.replacing("\\|", with: "¦").split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            return cells.count == 3 ? Row(number: cells[0], about: cells[1], tests: cells[2]) : nil
        }
    }

    @Test func `has each of them once`() throws {
        #expect(try rows().map(\.number) == (1...95).map { "case \($0)" } + (1...15).map { "trap \($0)" })
    }

    @Test func `names tests that there are, or why there is none`() throws {
        for row in try rows() {
            if row.tests.hasPrefix("none: ") {
                #expect(!row.number.hasPrefix("trap"), "\(row.number) needs a test")
                continue
            }
            for test in row.tests.components(separatedBy: "<br>") {
                #expect(try exists(test), "\(row.number), \(row.about): \(test)")
            }
        }
    }

    @Test(arguments: [
        "HostTests/SyncTests: makes tea", "HostTests/Nowhere: is none", "recipes/selftest: tea", "HostTests/SyncTests",
    ])
    func `would not name a test that is not there`(test: String) throws { #expect(try !exists(test)) }

    /// Whether there is a test, written as `file: test`; Python's are functions.
    private func exists(_ test: String) throws -> Bool {
        guard let colon = test.firstRange(of: ": ") else { return false }
        let (file, name) = (test[..<colon.lowerBound], test[colon.upperBound...])
        let isPython = file.contains("selftest")
        let path = isPython ? "Tests/Support/\(file)" : "Tests/\(file).swift"
        let place = SourceTree.repository.appending(path: path)
        guard let text = try? String(contentsOf: place, encoding: .utf8) else { return false }
        return text.contains(isPython ? "\ndef \(name)(" : "func `\(name)`(")
    }
}
