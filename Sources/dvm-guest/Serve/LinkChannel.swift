internal import DVMProtocol

/// One conversation of a link: what the loop of a `Server` owns and asks.
protocol LinkChannel: AnyObject {
    var number: UInt32 { get }
    /// What to say when it was made.
    var begun: [Frame] { get }
    /// Until when to wait for something that no descriptor tells.
    var drainEnd: ContinuousClock.Instant? { get }
    /// Bytes of the host's that wait here, and that nothing else bounds.
    var backlog: Int { get }

    /// Takes in a frame of this channel.
    ///
    /// - Throws: `ProtocolViolation` when it may not come now or says something impossible.
    func receive(_ frame: Frame) throws(ProtocolViolation)

    /// Ends what must not outlive the link.
    func linkLost()

    /// Adds what this channel waits for, beside the time in `drainEnd`.
    func register(in poll: inout PollSet, linkIsFull: Bool)

    /// Does what can be done now, and sends what there is to say.
    ///
    /// - Returns: whether the channel is over.
    func advance(_ poll: PollSet, buffer: inout [UInt8], linkIsFull: Bool, send: (Frame) -> Void) throws(Refusal)
        -> Bool
}
