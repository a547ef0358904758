public import Foundation

/// The programs that were built with the tests; SwiftPM puts them beside the test bundle.
public enum Products {
    /// The path of a product.
    public static func path(_ name: String) throws -> String {
        let path = directory.appendingPathComponent(name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw MissingPrerequisite("\(path) was not built; run `swift build --build-tests` first")
        }
        return path
    }

    /// The root of the repository.
    public static var repository: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
    }

    private static var directory: URL { Bundle.main.bundleURL }
}

/// Something a test cannot do without.
///
/// It fails the test: a check that skips itself is none.
public struct MissingPrerequisite: Error, CustomStringConvertible {
    /// What is missing, and how to get it.
    public var description: String

    /// Something missing.
    public init(_ description: String) { self.description = description }
}
