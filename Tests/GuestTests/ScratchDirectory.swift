import Foundation
import Glibc

/// A directory of root's below directories of root's, removed with the value.
///
/// Not in a directory for temporary files: those anyone may write to, which is what some of the tested code refuses.
final class ScratchDirectory: Sendable {
    let path = "/run/dvm-test-\(UUID().uuidString)"

    init() { _ = unsafe mkdir(path, 0o755) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of something in it.
    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: URL(filePath: self(name))) }

    func read(_ name: String) -> String? {
        FileManager.default.contents(atPath: self(name)).map { String(decoding: $0, as: UTF8.self) }
    }

    func entries() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    /// Gives something in it to a user.
    func give(_ name: String = "", to uid: UInt32, mode: Int) throws {
        try FileManager.default.setAttributes(
            [.ownerAccountID: uid, .groupOwnerAccountID: uid, .posixPermissions: mode],
            ofItemAtPath: self(name)
        )
    }
}
