import DVMProtocol
import TestSupport

@testable import dvm_guest

extension WorkStage {
    /// Has something about a review done, by a process as the VM has it.
    private func answer(_ request: ReviewRequest) throws -> [UInt8] {
        let order = LookOrder(
            uid: developer,
            gid: developer,
            task: .changes(ReviewOrder(request: request, directory: code, home: home))
        )
        return try Entering.$program.withValue(try Products.path("dvm-guest")) {
            try Entering.run(role: "look", order, within: .seconds(240), most: 64 << 20).output
        }
    }

    /// What was done.
    func review() throws -> ReviewReport { try JSON.decode(ReviewReport.self, from: answer(.look)) }

    /// As above, and a person has seen it.
    @discardableResult
    func shown() throws -> ReviewReport {
        let report = try review()
        _ = try answer(.shown(report.id))
        return report
    }

    /// What a person has seen counts.
    @discardableResult
    func done() throws -> ReviewMark { try JSON.decode(ReviewMark.self, from: answer(.done)) }

    /// Everything there is counts as reviewed.
    func settle() throws {
        try shown()
        try done()
    }

    /// The changes of the first repository that has any, as a patch.
    func patch() throws -> String {
        let report = try review()
        let number = report.repositories.first { $0.path == "r" }?.number ?? 0
        return String(decoding: try answer(.patch(report.id, repository: number)), as: UTF8.self)
    }

    /// The report as a person reads it, with the names of commits replaced.
    func text() throws -> String { Self.text(try review()) }

    static func text(_ report: ReviewReport) -> String {
        report.text(since: "now").split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let words = line.split(separator: " ", maxSplits: 1)
            let isCommit = line.hasPrefix("      ") && words.count == 2 && words[0].count == 10
            return isCommit && words[0].allSatisfy(\.isHexDigit) ? "      <id> \(words[1])" : String(line)
        }.joined(separator: "\n")
    }
}
