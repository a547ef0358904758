internal import DVMProtocol

/// Something to tell a person, or their program, while something is under way.
enum ProgressEvent: Hashable, Sendable {
    case began(String)
    case detail(String)
    case note(String)
    /// A line a program printed, made harmless.
    case output(String)
    case ended(ProgressLine, succeeded: Bool)
    /// A step is over, and there is nothing to tell of it.
    case dropped
    /// A step that would be done, where everything is only told.
    case planned(String, details: [String])
    /// All of it is over, and went well.
    case ready(summary: String, ran: [String], seconds: Int)
    /// All of it is over, and did not go well.
    case refused(Refusal, seconds: Int)

    /// As a line that stays; nothing when it is not for everybody.
    func text(isVerbose: Bool, isLive: Bool) -> String? {
        switch self {
        // The line that is drawn over and over says it.
        case .began where isLive, .detail where isLive, .dropped: nil
        case .began(let label): "• \(label.printable)"
        case .detail(let text): isVerbose ? "• \(text.printable)" : nil
        case .note(let text): "• \(text.printable)"
        case .output(let line): isVerbose ? "  \(line)" : nil
        case .ended(let line, let succeeded): line.end(succeeded: succeeded)
        case .planned(let label, let details): ([label] + details).map { "• \($0.printable)" }.joined(separator: "\n")
        case .ready(let summary, _, let seconds):
            "✓ ready (\(ProgressLine.time(seconds)))" + (summary.isEmpty ? "" : ": \(summary.printable)")
        case .refused(let refusal, _):
            "✗ \(ErrorText.paragraph(refusal.message))"
                + (refusal.hint.map { "\n  hint: \(ErrorText.paragraph($0))" } ?? "")
        }
    }

    /// As a value for programs; nothing when it is not for everybody.
    func record(of vm: String?, isVerbose: Bool) -> ProgressRecord? {
        var record = ProgressRecord(event: "", vm: vm)
        switch self {
        case .began(let label): (record.event, record.step) = ("started", label)
        case .detail(let text): (record.event, record.text) = ("detail", text)
        case .note(let text): (record.event, record.text) = ("note", text)
        case .output(let line):
            guard isVerbose else { return nil }
            (record.event, record.text) = ("output", line)
        case .ended(let line, let succeeded):
            (record.event, record.step) = (succeeded ? "done" : "failed", line.label)
            record.seconds = line.seconds
        case .dropped: return nil
        case .planned(let label, let details):
            (record.event, record.step) = ("planned", label)
            record.text = details.isEmpty ? nil : details.joined(separator: "\n")
        case .ready(let summary, let ran, let seconds):
            (record.event, record.text, record.ran, record.seconds) = ("ready", summary, ran, seconds)
        case .refused(let refusal, let seconds):
            (record.event, record.text, record.hint) = ("refused", refusal.message, refusal.hint)
            record.seconds = seconds
        }
        return record
    }
}

/// A line of `--json`.
struct ProgressRecord: Hashable, Sendable, Encodable {
    /// `started`, `detail`, `note`, `output`, `done` or `failed` for steps and what is said meanwhile; `ready` or
    /// `refused` for a VM as a whole.
    ///
    /// Where everything is only told, `planned` for each step.
    var event: String
    /// The VM it is about.
    var vm: String?
    /// What is being done.
    var step: String?
    /// What there is to say.
    var text: String?
    /// What to do about it.
    var hint: String?
    /// How long it took.
    var seconds: Int?
    /// The units that ran, of a VM that is ready.
    var ran: [String]?
}
