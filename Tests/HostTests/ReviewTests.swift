import ArgumentParser
import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `The options of dvm review` {
    private func wanted(_ words: String...) throws -> Review.Wanted? {
        try #require(try Host.parseAsRoot(["review", "app"] + words) as? Review).wanted()
    }

    @Test func `say where a patch goes, and how large it may be`() throws {
        #expect(try wanted() == nil)
        #expect(try wanted("--done") == nil)
        #expect(try wanted("--patch", "-") == .init(destination: .standardOutput, most: 256 << 20))
        #expect(
            try wanted("--patch", "a/b", "--max-size", "2MiB", "--force", "--json")
                == .init(destination: .file("a/b"), most: 2 << 20)
        )
    }

    @Test(
        arguments: [
            ["--force"], ["--repository", "x"], ["--max-size", "1MiB"], ["--done", "--json"],
            ["--done", "--patch", "x"],
            ["--json", "--patch", "-"], ["--patch", "x", "--max-size", "much"], ["--patch", ""], ["--patch", "dir/"],
        ]
    )
    func `are refused where they make no sense`(words: [String]) throws {
        let command = try #require(try Host.parseAsRoot(["review", "app"] + words) as? Review)
        #expect(throws: Refusal.self) { try command.wanted() }
    }

    @Test func `name the repository of the patch where it is not clear`() throws {
        var report = ReviewReport(id: try ReviewID("0123456789abcdef"), codeDirectory: "/c")
        #expect(try Review.choose(nil, from: report) == nil)
        for (number, path) in ["a", "b", "same"].enumerated() {
            var review = RepositoryReview(number: number, path: path, kind: .repository, base: .review)
            review.fileCount = path == "same" ? 0 : 1
            report.repositories.append(review)
        }
        #expect(try Review.choose("b", from: report)?.number == 1)
        for path in [nil, "same", "c", "a/"] {
            #expect(throws: UsageRefusal.self) { try Review.choose(path, from: report) }
        }
        report.repositories.removeFirst()
        #expect(try Review.choose(nil, from: report)?.number == 1)
    }
}

@Suite struct `A patch from a guest that never ends` {
    @Test func `is given up at its limit, and nothing of it stays`() throws {
        let fixture = try HostFixture()
        let path = FilePath("\(fixture.root)/patch")
        var patch = IncomingPatch(.file(path), most: 1000, isTerminal: false)
        try patch.take([UInt8](repeating: 0x61, count: 1000)[...])
        #expect(!Files.exists(path))
        #expect(throws: Refusal.self) { try patch.take([1]) }
        #expect(!Files.exists(path))
    }

    @Test func `is written whole, and replaces nothing that came meanwhile`() throws {
        let fixture = try HostFixture()
        let path = FilePath("\(fixture.root)/patch")
        var patch = IncomingPatch(.file(path), most: 1000, isTerminal: false)
        try patch.take(Array("di".utf8)[...])
        try patch.take(Array("ff\n".utf8)[...])
        try patch.finish(replacing: false)
        #expect(fixture.read("patch") == "diff\n")
        #expect(throws: Refusal.self) { try patch.finish(replacing: false) }
        try patch.finish(replacing: true)

        let nothing = IncomingPatch(.file(FilePath("\(fixture.root)/none")), most: 1000, isTerminal: false)
        try nothing.finish(replacing: false)
        #expect(fixture.read("none") == nil)
    }
}
