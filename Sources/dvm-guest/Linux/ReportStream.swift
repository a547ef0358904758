internal import DVMProtocol

/// Descriptor 3 of a process that `serve` started: its order comes in there, and what it has to say goes out.
struct ReportStream {
    /// Where `Child` puts it.
    static let inherited = Self(descriptor: FileDescriptor(rawValue: 3))

    let descriptor: FileDescriptor

    /// The order: the value in the first frame.
    ///
    /// - Throws: a `Refusal` when this process was not started by `serve`.
    func order<Order: Decodable>(_ type: Order.Type) throws(Refusal) -> Order {
        var decoder = FrameDecoder(from: .host)
        var buffer = [UInt8](repeating: 0, count: Frame.largestData)
        do {
            while true {
                if let frame = try decoder.next() {
                    guard frame.kind == .open else { break }
                    return try frame.json(type)
                }
                guard case .bytes(let bytes) = Reading.from(descriptor, into: &buffer) else { break }
                decoder.feed(bytes)
            }
        } catch {}
        throw Self.notForPeople
    }

    /// What a person hears who starts this process.
    static let notForPeople = Refusal(
        "this part of dvm-guest is started by dvm itself",
        hint: "`dvm-guest --help` lists what people can use"
    )

    /// Says something to `serve`; when that is gone, this process is about to be ended anyway.
    func send(_ frame: Frame) {
        _ = try? descriptor.writeAll(frame.bytes)
    }

    /// Says why it cannot be done.
    func refuse(_ refusal: Refusal) {
        if let frame = try? Frame(.refused, channel: 0, json: refusal) { send(frame) }
    }
}
