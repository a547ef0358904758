internal import DVMProtocol
internal import Synchronization

/// Where progress is shown: the lower end of a terminal that can go back in a line, plain lines, or lines of JSON.
///
/// Several displays may share one, a block of lines each.
final class ProgressScreen: Sendable {
    /// What the display can do.
    struct Style: Hashable, Sendable {
        /// The terminal's width; nothing when there is no terminal that can go back in a line.
        var width: Int?
        /// Whether the output of programs is shown.
        var isVerbose = false
        /// Whether lines of JSON are written instead.
        var isJSON = false

        init(width: Int? = nil, isVerbose: Bool = false, isJSON: Bool = false) {
            self.width = isJSON ? nil : width
            self.isVerbose = isVerbose
            self.isJSON = isJSON
        }

        /// What fits standard error.
        init(_ environment: HostEnvironment, isJSON: Bool = false) {
            let canDraw = environment["NO_COLOR"] == nil && environment["TERM"] ?? "dumb" != "dumb"
            let isTerminal = TerminalDevice.isTerminal(.standardError)
            let width = canDraw && isTerminal ? Int(TerminalDevice.size(of: .standardError)?.columns ?? 80) : nil
            self.init(width: width, isVerbose: environment.isVerbose, isJSON: isJSON)
        }
    }

    private struct State {
        /// What is under way, in the order it began.
        var blocks: [(id: Int, block: ProgressBlock, began: ContinuousClock.Instant)] = []
        var live = LiveLines()
        var frame = 0
        var drawn = ContinuousClock.now
        /// How many have the terminal to themselves.
        var holders = 0
    }

    let style: Style
    private let write: @Sendable (String) -> Void
    private let size: @Sendable () -> TerminalSize?
    /// Shows the cursor, or hides it.
    private let cursor: @Sendable (Bool) -> Void
    // Steps, notes and output come from different tasks; one of them writes at a time.
    private let state = Mutex(State())

    /// A screen; without a size of its own, it has the width of its style.
    init(
        _ style: Style,
        size: @escaping @Sendable () -> TerminalSize? = { nil },
        cursor: @escaping @Sendable (Bool) -> Void = { _ in },
        write: @escaping @Sendable (String) -> Void
    ) {
        self.style = style
        self.size = size
        self.cursor = cursor
        self.write = write
    }

    /// The person's.
    static func standard(_ style: Style) -> ProgressScreen {
        ProgressScreen(
            style,
            size: { TerminalDevice.size(of: .standardError) },
            cursor: { $0 ? Cursor.show() : Cursor.hide() }
        ) { text in
            style.isJSON ? (try? Output.print(text)) ?? () : Output.say(text)
        }
    }

    /// Tells something; what it changes of the lines that are drawn is seen at once where it stays.
    func tell(_ event: ProgressEvent, by id: Int, of name: String?) {
        state.withLock { state in
            let index = state.blocks.firstIndex { $0.id == id }
            switch event {
            case .began(let label):
                if let index { state.blocks.remove(at: index) }
                state.blocks.append((id, ProgressBlock(name: name, line: ProgressLine(label: label)), .now))
            case .detail(let text): if let index { state.blocks[index].block.line.detail = text }
            case .output(let line): if let index { state.blocks[index].block.lastLine = line }
            case .note, .planned: break
            case .ended, .dropped, .ready, .refused: if let index { state.blocks.remove(at: index) }
            }
            guard !style.isJSON else {
                let record = event.record(of: name, isVerbose: style.isVerbose)
                if let record, let text = try? JSON.encode(record) {
                    write(String(decoding: text, as: UTF8.self).printableJSON)
                }
                return
            }
            let text = event.text(isVerbose: style.isVerbose, isLive: style.width != nil)
            let start = name.map { "\($0) | " } ?? ""
            let kept = text.map { $0.split(separator: "\n").map { start + $0 }.joined(separator: "\n") }
            if style.width == nil {
                if let kept { write("\(kept)\n") }
            } else if let kept {
                draw(&state, below: kept.split(separator: "\n").map(String.init))
            } else {
                switch event {
                case .began, .dropped: draw(&state)
                default: break
                }
            }
        }
    }

    /// Draws what is under way once more; for everybody who has something under way, so not too often.
    func tick() {
        state.withLock { state in
            guard style.width != nil, state.drawn.duration(to: .now) >= .milliseconds(80) else { return }
            state.frame += 1
            draw(&state)
        }
    }

    /// Leaves the terminal to somebody else, until it is given back: nothing is drawn meanwhile.
    func hold() {
        state.withLock { state in
            state.holders += 1
            if style.width != nil { draw(&state) }
        }
    }

    /// Takes the terminal back.
    func release() {
        state.withLock { state in
            state.holders -= 1
            if style.width != nil { draw(&state) }
        }
    }

    /// How many seconds a step took until now.
    func seconds(by id: Int) -> Int {
        state.withLock { state in
            state.blocks.first { $0.id == id }.map { Int($0.began.duration(to: .now).components.seconds) } ?? 0
        }
    }

    private func draw(_ state: inout State, below kept: [String] = []) {
        let now = ContinuousClock.now
        let size = size() ?? TerminalSize(columns: UInt16(clamping: style.width ?? 80), rows: 24)
        var lines: [LiveLines.Line] = []
        for (_, block, began) in state.holders > 0 ? [] : state.blocks {
            var block = block
            block.line.seconds = Int(began.duration(to: now).components.seconds)
            lines += block.lines(frame: state.frame, width: Int(size.columns))
        }
        state.drawn = now
        if !lines.isEmpty { cursor(false) }
        write(state.live.draw(lines, below: kept, on: size))
        if lines.isEmpty { cursor(true) }
    }
}
