/// A session of an agent that was left running, to be taken up on a terminal.
public struct Attachment: Hashable, Codable, Sendable {
    /// Which one.
    public var session: SessionID
    /// The size of the terminal it is shown on from now on; absent when that is none.
    public var size: TerminalSize?
    /// How many bytes of its output may be sent before the first credit.
    public var outputWindow: Int

    /// An attachment.
    public init(session: SessionID, size: TerminalSize?, outputWindow: Int = Credit.terminalWindow) {
        self.session = session
        self.size = size
        self.outputWindow = outputWindow
    }

    func check() throws(Refusal) {
        guard (Frame.largestData...Credit.largestWindow).contains(outputWindow) else {
            throw Refusal("an output window of \(outputWindow) bytes")
        }
    }
}

/// What a session of an agent says of itself when it runs: the payload of `opened`.
public struct Opened: Hashable, Codable, Sendable {
    /// Which session it is.
    public var session: SessionID

    /// A session that runs.
    public init(session: SessionID) { self.session = session }
}
