import Foundation

/// A Swift file of the product.
struct SourceFile {
    /// Its path below `Sources/`.
    var path: String
    var text: String

    /// Its lines without those that are only a comment, numbered from 1.
    var code: [(number: Int, text: String)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            line.drop { $0 == " " }.hasPrefix("//") ? nil : (index + 1, String(line))
        }
    }

    /// Whether it is one of these files, or in one of these folders, which end with a slash.
    func isIn(_ places: [String]) -> Bool {
        places.contains { $0.hasSuffix("/") ? path.hasPrefix($0) : path == $0 }
    }
}

enum SourceTree {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every file below `Sources/` with an ending.
    static func files(_ ending: String = ".swift") throws -> [SourceFile] {
        let top = repository.appendingPathComponent("Sources").path
        return try FileManager.default.subpathsOfDirectory(atPath: top).filter { $0.hasSuffix(ending) }.sorted().map {
            SourceFile(path: $0, text: try String(contentsOfFile: "\(top)/\($0)", encoding: .utf8))
        }
    }

    /// The names of the recipes there are.
    static func recipes() -> [String] {
        let folder = repository.appendingPathComponent("recipes").path
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".sh") }
            .map { String($0.dropLast(3)) }
    }
}
