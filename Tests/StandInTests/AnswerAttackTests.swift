import DVMProtocol
import Foundation
import TestSupport
import Testing

@testable import dvm_host

/// Commands as they are installed, and what a guest program that was taken over answers them.
@Suite(.serialized) struct `Lists from a guest program that was taken over` {
    private let stage: SyncStage
    private static let liar = "\(Products.repository.path)/Tests/Support/guest/lying-guest"

    init() throws {
        stage = try SyncStage("DVM_PORTS=31999:31999\n")
        try stage.fixture.write("list.json", ListedVM.line("Running", ports: [31999]))
    }

    /// A text that a terminal would obey, and longer than any line.
    private static let evil =
        "evil\u{1B}[2J\u{1B}]0;x\u{7}\r\n\u{9B}31m\u{8}\u{202E}" + String(repeating: "y", count: 400)

    /// What a command asks for, with so many entries.
    enum Answer: String, CaseIterable, Sendable {
        case sessions, allSessions, work, fresh, review, activity, ports, doctor

        var words: String {
            switch self {
            case .sessions: "sessions ls app"
            case .allSessions: "sessions ls app --all --json"
            case .work: "work app"
            case .fresh: "ls --fresh"
            case .review: "review app"
            case .activity: "stop app --inactive"
            case .ports: "ports app"
            case .doctor: "doctor app"
            }
        }

        func json(_ count: Int, _ text: String) throws -> [UInt8] {
            switch self {
            case .sessions, .allSessions:
                return try JSON.encode(
                    (0..<count).map { number in
                        var session = SessionSummary(
                            id: SessionID(seconds: number, salt: 7),
                            tool: text,
                            words: [text],
                            directory: text,
                            asker: .host,
                            detached: true,
                            started: number % 2 == 0 ? .min : .max
                        )
                        session.attached = number % 2 == 0
                        session.notes = [SessionNote(.warning, text)]
                        return session
                    }
                )
            case .work:
                var report = WorkReport(codeDirectory: text)
                report.repositories = (0..<count).map { number in
                    var work = RepositoryWork(path: "\(text)\(number)", kind: .repository)
                    work.branch = text
                    work.changed = Sample(count: .max, examples: [text])
                    work.stashes = .min
                    work.operations = [text]
                    work.unknown = [text]
                    return work
                }
                report.omitted = .min
                report.unknown = [text]
                return try JSON.encode(report)
            case .fresh, .activity:
                let programs = [String](repeating: text, count: count)
                return try JSON.encode(Activity(sessions: .max, programs: programs, services: [text]))
            case .review:
                var report = ReviewReport(id: try ReviewID("0123456789abcdef"), codeDirectory: text)
                report.repositories = (0..<count).map { number in
                    var review = RepositoryReview(number: number, path: text, kind: .bare, base: .remote)
                    review.branch = text
                    review.commits = [.init(id: text, time: .max, author: text, subject: text)]
                    review.commitCount = .max
                    review.unknown = [text]
                    review.dangers = [Danger(.hook, .repository, Sample(count: .min, examples: [text]))]
                    return review
                }
                report.since = .min
                return try JSON.encode(report)
            case .ports:
                return try JSON.encode(
                    (0..<count).map { number in
                        ListeningPort(
                            address: text,
                            port: UInt16(truncatingIfNeeded: number),
                            uid: 0,
                            user: text,
                            program: text
                        )
                    }
                )
            case .doctor:
                return try JSON.encode(
                    DoctorReport(checks: (0..<count).map { _ in .init(text, .fail, text, meaning: text, remedy: text) })
                )
            }
        }
    }

    private func run(_ answer: Answer, _ lie: String, _ json: [UInt8]) throws -> SyncStage.Outcome {
        let file = "\(stage.fixture.root)/answer"
        try Data(json).write(to: URL(filePath: file))
        let script = "#!/bin/sh\nexec python3 -IS '\(Self.liar)' tell \(lie) '\(file)'\n"
        try stage.fixture.write("guest", script, mode: 0o700)
        return try stage.run("\"$DVM\" \(answer.words)")
    }

    /// Nothing a terminal obeys, and no more than a person can be meant to scroll through.
    private func isHarmless(_ outcome: SyncStage.Outcome) -> Bool {
        let texts = [outcome.output, outcome.errors]
        return texts.allSatisfy { text in
            text.utf8.count < 4 << 20
                && text.unicodeScalars.allSatisfy { scalar in
                    scalar == "\n"
                        || (scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar != "\u{202E}")
                }
        }
    }

    /// As many entries as fit into an answer.
    private func fitting(_ answer: Answer) throws -> [UInt8] {
        let one = try answer.json(1, Self.evil).count
        let two = try answer.json(2, Self.evil).count
        var count = (Frame.largestPayload - one) / (two - one)
        while try answer.json(count, Self.evil).count > Frame.largestPayload { count -= 1 }
        return try answer.json(count, Self.evil)
    }

    @Test(arguments: Answer.allCases)
    func `are shown, as many as fit into an answer, and the terminal obeys none of them`(answer: Answer) throws {
        let outcome = try run(answer, "answer", try fitting(answer))
        #expect((0...1).contains(outcome.status), "\(outcome.status) \(outcome.errors.prefix(2000))")
        // `ls` shows numbers only.
        #expect(
            (outcome.output + outcome.errors).contains("evil") || answer == .fresh,
            "\(outcome.errors.prefix(2000))"
        )
        #expect(isHarmless(outcome), "\(outcome.output.prefix(2000))")
    }

    @Test(arguments: Answer.allCases)
    func `of a million entries are refused before they are taken in`(answer: Answer) throws {
        // The same as one list of a million, without making it: all that counts is how long it says it is.
        let json = try answer.json(1, "evil")
        let block = Array("{\"evil\":1},".utf8)
        var long = json
        long.reserveCapacity(1_000_000 * block.count)
        for _ in 0..<1_000_000 { long += block }
        let outcome = try run(answer, "answer", long)
        #expect(outcome.status == (answer == .fresh ? 0 : 1), "\(outcome)")
        let said = outcome.output + outcome.errors
        #expect(said.contains("what answers in app is not dvm's guest program"), "\(outcome)")
        #expect(!outcome.output.contains("evil"), "\(outcome)")
    }

    @Test(arguments: [Answer.sessions, .work, .ports], ["flooding", "twice", "refusal", "nonsense", "facts"])
    func `may come with anything else`(answer: Answer, lie: String) throws {
        let outcome = try run(answer, lie, try answer.json(1, "evil"))
        #expect((0...1).contains(outcome.status), "\(outcome.status) \(outcome.errors.prefix(2000))")
        #expect(isHarmless(outcome), "\(outcome.errors.prefix(2000))")
        switch lie {
        // It was long, and what came in the end is as good as ever.
        case "flooding", "facts": #expect(outcome.output.contains("evil"), "\(outcome.errors.prefix(2000))")
        case "refusal": #expect(outcome.status == 1 && outcome.errors.contains("app says: "))
        case "nonsense": #expect(outcome.status == 1 && outcome.errors.contains("broke dvm's protocol"))
        default: break
        }
    }

    @Test func `of snapshots are as harmless, and as long as they may be`() throws {
        try stage.fixture.write("list.json", ListedVM.line())
        let names = (0..<20_000).map { "a\($0)\u{1B}[2J\u{9B}1m" }.joined(separator: "\n")
        try stage.fixture.write("snapshots", names + "\nmine\n")
        let outcome = try stage.run(#""$DVM" snapshot ls app"#)
        #expect((0...1).contains(outcome.status) && isHarmless(outcome), "\(outcome.errors.prefix(2000))")
        #expect(outcome.status == 1 || outcome.output.contains("mine"), "\(outcome.errors.prefix(2000))")
    }
}
