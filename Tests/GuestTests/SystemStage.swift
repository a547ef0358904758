import DVMProtocol
import Foundation
import TestSupport

@testable import dvm_guest

/// A system's files in a directory, and programs that are only written down.
final class SystemStage {
    let scratch = ScratchDirectory()
    /// What was run, a line each.
    var ran: [String] = []
    /// What was noted.
    var notes: [String] = []
    /// How programs end that do not end well, by the beginning of their line.
    var failing: [String: Exit] = [:]
    /// What programs print, by the beginning of their line.
    var printing: [String: String] = [:]

    /// The system, with some files in it.
    init(_ files: [String: String] = [:]) throws {
        for (path, text) in files { try write(text, to: path) }
    }

    var tree: SystemTree {
        SystemTree(
            top: FilePath(scratch.path),
            status: { [self] words throws(Refusal) in
                ran.append(words.joined(separator: " "))
                return failing.first { ran.last?.hasPrefix($0.key) == true }?.value ?? .exited(0)
            },
            answer: { [self] words throws(Refusal) in
                printing.first { words.joined(separator: " ").hasPrefix($0.key) }?.value ?? ""
            }
        )
    }

    /// Notes as provisioning takes them.
    func note(_ text: String) { notes.append(text) }

    /// Packages are only written down.
    func install(_ package: Packages.Package) throws(Refusal) { ran.append("install \(package.debian)") }

    /// What was run since this was asked last.
    func lately() -> [String] {
        defer { ran = [] }
        return ran
    }

    func write(_ text: String, to path: String) throws {
        let url = URL(filePath: scratch.path + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func text(_ path: String) -> String? { scratch.read(String(path.dropFirst())) }

    /// The files there are, without those of the distribution.
    func files() -> [String] {
        let all = FileManager.default.enumerator(atPath: scratch.path)?.allObjects as? [String] ?? []
        return all.map { "/" + $0 }.filter {
            (try? FileManager.default.contentsOfDirectory(atPath: scratch.path + $0)) == nil
        }.sorted()
    }
}
