internal import DVMProtocol

/// A step that is under way, as one line shows it.
struct ProgressLine: Hashable, Sendable {
    /// What is being done.
    var label: String
    /// What of it is being done now.
    var detail = ""
    /// Seconds since it began.
    var seconds = 0

    /// The frames of the spinner.
    static let frames: [Character] = Array("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

    /// The line, no wider than some cells; the detail goes first when there is no room.
    func draw(frame: Int, width: Int) -> String {
        let spinner = Self.frames[frame % Self.frames.count]
        let time = seconds > 0 ? " \(Self.time(seconds))" : ""
        let start = "\(spinner) \(label.printable)"
        // One cell stays free: some terminals move to the next line when the last one is filled.
        let room = width - 1 - TerminalText.cells(time)
        let rest = detail.isEmpty ? "" : ": \(detail.printable)"
        let isTight = TerminalText.cells(start) + 8 > room
        return TerminalText.cut(isTight ? start : start + rest, to: max(1, room)) + (room > 4 ? time : "")
    }

    /// The line when the step is over.
    func end(succeeded: Bool) -> String {
        let time = seconds > 1 ? " (\(Self.time(seconds)))" : ""
        return "\(succeeded ? "✓" : "✗") \(label.printable)\(time)"
    }

    static func time(_ seconds: Int) -> String {
        seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
    }
}

/// What is under way in one place: the step, and below it, dimmed, the last line a program printed.
struct ProgressBlock: Hashable, Sendable {
    /// The VM it is about, where several are shown.
    var name: String?
    var line: ProgressLine
    /// Harmless, and empty when nothing was printed.
    var lastLine = ""

    /// The lines, of which the second is only there when there is something to show.
    func lines(frame: Int, width: Int) -> [LiveLines.Line] {
        var line = line
        if let name { line.label = "\(name): \(line.label)" }
        let first = LiveLines.Line(text: line.draw(frame: frame, width: width))
        return lastLine.isEmpty ? [first] : [first, .init(text: "  \(lastLine)", isDim: true)]
    }
}
