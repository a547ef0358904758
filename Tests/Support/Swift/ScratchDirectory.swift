#if os(Linux)
internal import Foundation
internal import Glibc

/// A directory of root's below directories of root's, removed with the value.
///
/// Not in a directory for temporary files: those anyone may write to, which is what some of the tested code refuses.
public final class ScratchDirectory: Sendable {
    /// Where it is.
    public let path = "/run/dvm-test-\(UUID().uuidString)"

    /// An empty one.
    public init() { _ = unsafe mkdir(path, 0o755) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of something in it.
    public func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in it.
    public func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: self(name)))
    }

    /// What is in a file of it; nothing when there is none.
    public func read(_ name: String) -> String? {
        FileManager.default.contents(atPath: self(name)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The names in it, sorted.
    public func entries() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    /// Gives something in it to a user.
    public func give(_ name: String = "", to uid: UInt32, mode: Int) throws {
        try FileManager.default.setAttributes(
            [.ownerAccountID: uid, .groupOwnerAccountID: uid, .posixPermissions: mode],
            ofItemAtPath: self(name)
        )
    }
}
#endif
