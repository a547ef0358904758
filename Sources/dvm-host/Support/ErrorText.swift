internal import ArgumentParser
internal import DVMProtocol

/// How errors look: the one place that turns them into text.
enum ErrorText {
    /// The text for what ended a command; nothing when it has nothing to say.
    ///
    /// Messages may quote a guest, limactl or a file. Whatever a terminal would act on is made visible, and every line
    /// after the first is indented, so that nothing quoted can pass for a message of ours.
    static func of(_ error: any Error) -> String? {
        switch error {
        case is ProgramEnded, is Failed, is CancellationError: nil
        case let interrupted as Interrupted: interrupted.note.map { "dvm: \(paragraph($0))\n" }
        case let usage as UsageRefusal: of(usage.refusal)
        case let refusal as Refusal: text(refusal)
        default: Host.exitCode(for: error) == .failure ? text(Refusal("\(error)")) : parserText(error)
        }
    }

    private static func text(_ refusal: Refusal) -> String {
        let hint = refusal.hint.map { "hint: \(paragraph($0))\n" }
        return "dvm: error: \(paragraph(refusal.message))\n\(hint ?? "")"
    }

    private static func parserText(_ error: any Error) -> String? {
        let text = Host.fullMessage(for: error).printableLines
        return text.isEmpty ? nil : "\(text)\n"
    }

    /// Lines with all but the first indented.
    static func paragraph(_ text: String) -> String {
        text.printableLines.split(separator: "\n").joined(separator: "\n  ")
    }
}
