internal import DVMProtocol
internal import Glibc

/// The conversation with `serve` on descriptor 3: an order comes in, and one answer goes out.
struct Report {
    let descriptor: FileDescriptor

    /// The descriptor every process started by `serve` has.
    static let inherited = Self(descriptor: FileDescriptor(rawValue: 3))

    /// The one frame `serve` sends.
    ///
    /// - Throws: a `Refusal` when there is none, or it is not an order.
    func order() throws(Refusal) -> Spawn {
        var decoder = FrameDecoder(from: .host)
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = try call("reading what to become") {
                unsafe read(descriptor.rawValue, &buffer, buffer.count)
            }
            guard count > 0 else {
                throw Refusal("nothing was ordered", hint: "this command is only of use to dvm-guest serve")
            }
            decoder.feed(buffer[..<count])
            do {
                guard let frame = try decoder.next() else { continue }
                guard frame.kind == .open else { throw ProtocolViolation("a \(frame.kind) frame") }
                return try frame.json(Spawn.self)
            } catch {
                throw Refusal("the order cannot be understood: \(error)")
            }
        }
    }

    /// Says that the program is about to run; it does when the descriptor is closed after this.
    func opened() { send(Frame(.opened, channel: 0)) }

    /// Says why there will be no program, and ends this process.
    func refuse(_ refusal: Refusal) -> Never {
        if let frame = try? Frame(.refused, channel: 0, json: refusal) { send(frame) }
        Glibc.exit(1)
    }

    private func send(_ frame: Frame) {
        var rest = frame.bytes[...]
        while !rest.isEmpty {
            // MSG_NOSIGNAL: when `serve` is gone there is nobody to tell, and nothing to die of.
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }
}
