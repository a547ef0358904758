internal import DVMProtocol

/// One connection to the port of a sign-in.
final class BrowserConnection {
    enum Phase: Equatable {
        /// It says what it wants.
        case asking([UInt8])
        /// It waits for what becomes of the answer it brought.
        case waiting
        /// It was told, and is let go when it has heard.
        case told
        case over
    }

    let socket: FileDescriptor
    private(set) var phase = Phase.asking([])
    private var outbox: WriteQueue
    private(set) var deadline = ContinuousClock.now + .seconds(30)

    init(_ socket: FileDescriptor) {
        self.socket = socket
        outbox = WriteQueue(for: socket)
    }

    deinit { try? socket.close() }

    /// Says what it waits for; while an answer is on its way, for nothing: whoever leaves meanwhile loses only the page.
    func register(in ready: inout Readiness) {
        switch phase {
        case .asking, .told: ready.read(socket)
        case .waiting, .over: break
        }
        if !outbox.isEmpty { ready.write(socket) }
    }

    /// Does what can be done now.
    ///
    /// - Returns: what it wants, when that has become known.
    func advance(_ ready: Readiness, for callback: Tool.SignIn.Callback) -> BrowserRequest {
        if phase != .waiting, deadline <= .now { end() }
        if !outbox.isEmpty, ready.canWrite(socket) { flush() }
        guard phase == .told || isAsking, ready.canRead(socket) else { return .incomplete }
        guard let bytes = LocalPort.read(from: socket) else { return .incomplete }
        guard !bytes.isEmpty else {
            end()
            return .incomplete
        }
        // What follows the answer is read and forgotten: to close with something unread would take the page back.
        guard case .asking(let before) = phase else { return .incomplete }
        let request = BrowserRequest.read(before + bytes, for: callback)
        phase = request == .incomplete ? .asking(before + bytes) : .waiting
        return request
    }

    /// Shows a page, and nothing more.
    func tell(_ page: BrowserPage) {
        guard phase != .told, phase != .over else { return }
        outbox.append(page.bytes)
        phase = .told
        deadline = .now + .seconds(3)
        flush()
    }

    private var isAsking: Bool { if case .asking = phase { true } else { false } }

    private func flush() {
        guard (try? outbox.flush(to: socket)) != nil else { return end() }
        if outbox.isEmpty { LocalPort.endWriting(socket) }
    }

    private func end() {
        phase = .over
        outbox = WriteQueue(for: nil)
    }
}
