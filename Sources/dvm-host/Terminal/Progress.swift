internal import DVMProtocol
internal import Synchronization

/// Tells a person on standard error what is going on: a line with a spinner for each step on a terminal, else plain
/// lines.
final class ProgressDisplay: Sendable {
    typealias Style = ProgressScreen.Style

    let screen: ProgressScreen
    /// The VM it is about, where several are shown.
    let name: String?
    private let id: Int
    private let output = Mutex(OutputLines())

    private static let count = Atomic(0)

    var style: Style { screen.style }

    /// A display on a screen, beside others that are on it.
    init(on screen: ProgressScreen, name: String? = nil) {
        self.screen = screen
        self.name = name
        id = Self.count.add(1, ordering: .relaxed).newValue
    }

    /// A display that has a screen for itself.
    convenience init(_ style: Style, write: @escaping @Sendable (String) -> Void) {
        self.init(on: ProgressScreen(style, write: write))
    }

    /// The person's.
    static func standard(_ environment: HostEnvironment) -> ProgressDisplay {
        ProgressDisplay(on: .standard(Style(environment)))
    }

    /// Does something under a label.
    func step<Value>(_ label: String, _ body: () async throws -> Value) async throws -> Value {
        let label = shortened(label)
        tell(.began(label))
        output.withLock { $0 = OutputLines() }
        // Only redraws; cancelled before this returns.
        let ticker = Task {
            while !Task.isCancelled, style.width != nil {
                try? await Task.sleep(for: .milliseconds(100))
                screen.tick()
            }
        }
        defer { ticker.cancel() }
        do {
            let value = try await body()
            end(label, succeeded: true)
            return value
        } catch let ended as ProgramEnded {
            // Its status says everything, such as that nobody reads any more what was written.
            tell(.dropped)
            throw ended
        } catch {
            end(label, succeeded: false)
            throw error
        }
    }

    /// A label without the VM's name at its end, where that stands before it already.
    private func shortened(_ label: String) -> String {
        guard let name, label.hasSuffix(" \(name)") else { return label }
        return String(label.dropLast(name.count + 1))
    }

    /// Says what of the present step is being done now.
    func detail(_ text: String) { tell(.detail(text)) }

    /// Says something that stays.
    func note(_ text: String) { tell(.note(text)) }

    /// Says what would be done, and what there is to know about it.
    func plan(_ step: String, _ details: [String]) { tell(.planned(step, details: details)) }

    /// Takes in what programs print: all of it is shown where that was asked for, else the last line of it, as it is read.
    func output(_ bytes: some Sequence<UInt8>, reading: (String) -> String = { $0 }) {
        guard style.isVerbose || style.width != nil else { return }
        // The lines of two tasks must not be mixed, so they are told under the lock.
        output.withLock { lines in
            if style.isVerbose {
                for line in lines.take(bytes) { tell(.output(reading(line))) }
            } else if let line = lines.last(of: bytes) {
                tell(.output(reading(line)))
            }
        }
    }

    /// Says how all of it ended.
    func finish(_ event: ProgressEvent) { tell(event) }

    /// Does something while the terminal belongs to somebody else.
    func aside<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        screen.hold()
        defer { screen.release() }
        return try await body()
    }

    private func end(_ label: String, succeeded: Bool) {
        tell(.ended(ProgressLine(label: label, seconds: screen.seconds(by: id)), succeeded: succeeded))
    }

    private func tell(_ event: ProgressEvent) { screen.tell(event, by: id, of: name) }
}
