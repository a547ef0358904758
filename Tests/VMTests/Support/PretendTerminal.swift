import Foundation

/// A terminal with a program on it, and a person who types.
final class PretendTerminal {
    let program: RunningProgram
    private let words: [String]
    private let outside: Int32
    private let inside: Int32
    /// What was printed since the last thing that was waited for.
    private(set) var unread = ""
    private var undecoded: [UInt8] = []

    init(_ words: [String], environment: [String: String], columns: UInt16 = 80, rows: UInt16 = 24) throws {
        self.words = words
        var (outside, inside): (Int32, Int32) = (-1, -1)
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        var name = [CChar](repeating: 0, count: 128)
        guard unsafe openpty(&outside, &inside, &name, nil, &size) == 0 else {
            throw CannotStart(words: ["openpty"], reason: unsafe String(cString: strerror(errno)))
        }
        // Kept open here, so that the settings can be looked at when the program has ended.
        self.outside = outside
        self.inside = inside
        for descriptor in [outside, inside] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(outside, F_SETFL, O_NONBLOCK)
        let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        program = try RunningProgram(words, environment: environment, terminal: path)
    }

    deinit {
        close(outside)
        close(inside)
    }

    /// Types something; a line ends with a carriage return, as the key does.
    func type(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(outside, $0.baseAddress, $0.count) }
            if count > 0 { rest.removeFirst(count) } else { usleep(10_000) }
        }
    }

    /// Waits for a text and forgets everything up to its end; returns what came before it.
    ///
    /// - Throws: `TookTooLong` with what came instead.
    @discardableResult func expect(_ text: String, within limit: Duration = .seconds(60)) throws -> String {
        let deadline = ContinuousClock.now + limit
        while true {
            if let range = unread.range(of: text) {
                let before = String(unread[..<range.lowerBound])
                unread = String(unread[range.upperBound...])
                return before
            }
            guard ContinuousClock.now < deadline else {
                throw TookTooLong(words: words, limit: limit, seen: "waited for “\(text)”, saw: \(unread)")
            }
            if !read() {
                // It may have been the last thing it printed.
                if program.poll() != nil, !read(), !unread.contains(text) {
                    throw TookTooLong(words: words, limit: limit, seen: "ended before “\(text)” came: \(unread)")
                }
                usleep(10_000)
            }
        }
    }

    /// Waits for the program's end.
    func exit(within limit: Duration = .seconds(120)) throws -> Int32 {
        let deadline = ContinuousClock.now + limit
        while true {
            while read() {}
            if let status = program.poll() {
                while read() {}
                return status
            }
            guard ContinuousClock.now < deadline else { throw TookTooLong(words: words, limit: limit, seen: unread) }
            usleep(10_000)
        }
    }

    /// Changes the size of the window, as a person does by dragging its edge.
    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = unsafe ioctl(outside, UInt(TIOCSWINSZ), &size)
    }

    /// Whether it echoes, gathers lines and turns keys into signals, as a shell left it.
    var isOrdinary: Bool {
        var mode = termios()
        guard unsafe tcgetattr(inside, &mode) == 0 else { return false }
        let flags = tcflag_t(ECHO | ICANON | ISIG)
        return mode.c_lflag & flags == flags && mode.c_oflag & tcflag_t(OPOST) != 0
    }

    private func read() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        let count = unsafe Foundation.read(outside, &buffer, buffer.count)
        guard count > 0 else { return false }
        undecoded += buffer[..<count]
        // A character may have come in part.
        if let text = String(validating: undecoded, as: UTF8.self) {
            unread += text
            undecoded = []
        } else if undecoded.count > 1 << 16 {
            unread += String(decoding: undecoded, as: UTF8.self)
            undecoded = []
        }
        return true
    }
}
