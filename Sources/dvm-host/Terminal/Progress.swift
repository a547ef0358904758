internal import DVMProtocol
internal import Synchronization

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

/// Tells a person on standard error what is going on: a line with a spinner for each step on a terminal, else plain
/// lines.
final class ProgressDisplay: Sendable {
    /// What the display can do.
    struct Style: Hashable, Sendable {
        /// The terminal's width; nothing when there is no terminal that can go back in a line.
        var width: Int?
        /// Whether the output of programs is shown.
        var isVerbose = false

        init(width: Int? = nil, isVerbose: Bool = false) {
            self.width = width
            self.isVerbose = isVerbose
        }

        /// What fits standard error.
        init(_ environment: HostEnvironment) {
            isVerbose = environment.isVerbose
            let canDraw = environment["NO_COLOR"] == nil && environment["TERM"] ?? "dumb" != "dumb"
            let isTerminal = TerminalDevice.isTerminal(.standardError)
            width = canDraw && isTerminal ? Int(TerminalDevice.size(of: .standardError)?.columns ?? 80) : nil
        }
    }

    private struct State {
        var line: ProgressLine?
        var began = ContinuousClock.now
        var frame = 0
        var unfinished: [UInt8] = []
    }

    let style: Style
    private let write: @Sendable (String) -> Void
    // Steps, notes and output come from different tasks; one of them writes at a time.
    private let state = Mutex(State())

    init(_ style: Style, write: @escaping @Sendable (String) -> Void = Output.say) {
        self.style = style
        self.write = write
    }

    /// Does something under a label.
    func step<Value>(_ label: String, _ body: () async throws -> Value) async throws -> Value {
        begin(label)
        // Only redraws; cancelled before this returns.
        let ticker = Task {
            while !Task.isCancelled, style.width != nil {
                try? await Task.sleep(for: .milliseconds(100))
                tick()
            }
        }
        defer { ticker.cancel() }
        do {
            let value = try await body()
            end(succeeded: true)
            return value
        } catch {
            end(succeeded: false)
            throw error
        }
    }

    /// Says what of the present step is being done now.
    func detail(_ text: String) {
        state.withLock { state in
            guard state.line != nil else { return }
            state.line?.detail = text
            draw(&state)
        }
        if style.width == nil, style.isVerbose { note(text) }
    }

    /// Says something that stays.
    func note(_ text: String) { state.withLock { say("• \(text.printable)", &$0) } }

    /// Shows what programs write, where that was asked for.
    func output(_ bytes: some Sequence<UInt8>) {
        guard style.isVerbose else { return }
        state.withLock { state in
            state.unfinished += bytes
            while let end = state.unfinished.firstIndex(of: UInt8(ascii: "\n")) ?? Self.tooLong(state.unfinished) {
                say("  \(String(decoding: state.unfinished[..<end], as: UTF8.self).printable)", &state)
                state.unfinished.removeSubrange(...end)
            }
        }
    }

    /// Where to break a line that does not end.
    private static func tooLong(_ bytes: [UInt8]) -> Int? { bytes.count > 4096 ? 4095 : nil }

    private func begin(_ label: String) {
        state.withLock { state in
            state = State(line: ProgressLine(label: label))
            guard style.width == nil else { return draw(&state) }
            write("• \(label.printable)\n")
        }
    }

    private func tick() {
        state.withLock { state in
            guard state.line != nil else { return }
            state.frame += 1
            draw(&state)
        }
    }

    private func end(succeeded: Bool) {
        state.withLock { state in
            guard var line = state.line else { return }
            line.seconds = Int(state.began.duration(to: .now).components.seconds)
            state.line = nil
            say(line.end(succeeded: succeeded), &state)
            if style.width != nil { Cursor.show() }
        }
    }

    /// Writes a whole line, and the step's line again below it.
    private func say(_ text: String, _ state: inout State) {
        guard let width = style.width else { return write("\(text)\n") }
        write("\r\u{1B}[2K\(TerminalText.cut(text, to: width))\n")
        draw(&state)
    }

    private func draw(_ state: inout State) {
        guard let width = style.width, var line = state.line else { return }
        Cursor.hide()
        line.seconds = Int(state.began.duration(to: .now).components.seconds)
        write("\r\u{1B}[2K\(line.draw(frame: state.frame, width: width))")
    }
}
