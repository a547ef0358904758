internal import DVMProtocol

/// A task of the guest's, followed to its result.
struct TaskSession {
    let link: Link
    let number: UInt32

    /// Runs a task and hands on what it says meanwhile.
    ///
    /// - Throws: `SaidByGuest` for the guest's refusal, or what `output` throws, which ends the task.
    func run<Result: Decodable>(
        _ task: GuestTask,
        as type: Result.Type,
        progress: (Progress) -> Void,
        output: (ArraySlice<UInt8>) throws -> Void
    ) throws -> Result {
        var channel = ClientChannel(number: number)
        link.send(try Frame(.open, channel: number, json: Request.task(task)))
        while true {
            for frame in try link.turn().frames {
                switch try channel.receive(frame) {
                case .nothing, .noted: break
                case .opened: channel.endInput().map(link.send)
                case .progress(let step): progress(step)
                case .received(let stream, let bytes):
                    try output(bytes[...])
                    channel.handedOn(bytes.count, of: stream).map(link.send)
                case .ended(.result(let bytes)):
                    do {
                        return try JSON.decode(type, from: bytes)
                    } catch {
                        throw ProtocolViolation("a result that is not a \(type)")
                    }
                case .ended(.refused(let refusal)): throw SaidByGuest(refusal: refusal)
                case .ended(.exit): throw ProtocolViolation("an exit for a task")
                }
            }
        }
    }
}
