import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

@Suite struct `The entries of a directory` {
    private func entries(_ names: [String]) -> DirectoryEntries {
        var entries: DirectoryEntries = []
        for (index, name) in names.enumerated() { entries.append(Array(name.utf8), index == 0 ? .directory : .file) }
        entries.sort()
        return entries
    }

    @Test func `are sorted by their bytes, whatever order they came in`() {
        let long = String(repeating: "n", count: 255)
        let names = ["b", "a", long, "ab", "B", "é", "."]
        let sorted = entries(names)
        #expect(sorted.map { String(decoding: $0.name, as: UTF8.self) } == [".", "B", "a", "ab", "b", long, "é"])
        #expect(sorted.map(\.kind) == [.file, .file, .file, .file, .directory, .file, .file])
        #expect(sorted.count == 7 && sorted.last?.name == Array("é".utf8) && sorted.prefix(2).count == 2)
        #expect(entries([]).isEmpty)
    }

    @Test(arguments: [
        ("HEAD", true), ("HEA", false), ("HEADS", false), ("objects", true), ("", false), ("head", false),
    ])
    func `are found by their whole name`(name: String, isThere: Bool) {
        let entries = entries(["refs", "HEAD", "objects"])
        #expect(entries.contains(name: name) == isThere)
        #expect(Repositories.looksBare(entries))
        #expect(!Repositories.looksBare(self.entries(["refs", "HEAD", "object", "s"])))
    }

    /// An agent makes as many as it likes; so many that a process with little memory would end over them.
    @Test func `take little more memory than their names`() async {
        await #expect(processExitsWith: .success) {
            func used() -> Int {
                var usage = rusage()
                _ = unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
                return usage.ru_maxrss << 10
            }
            let before = used()
            var entries: DirectoryEntries = []
            for number in 0..<1_000_000 { entries.append(Array("name-\(number)".utf8), .file) }
            entries.sort()
            let took = used() - before
            // 11 bytes of name and 8 of place, and both once more while they grow; an array of each name would be 64 MB.
            #expect(entries.count == 1_000_000)
            #expect(took < 56 << 20, "\(took)")
        }
    }
}
