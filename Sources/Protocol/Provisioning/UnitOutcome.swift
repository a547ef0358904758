/// What a unit that succeeded came to; its record is kept by then.
public struct UnitOutcome: Hashable, Codable, Sendable {
    /// How long it took, in whole seconds.
    public var seconds: Int
    /// How many processes it had left behind, which were ended: services are started by systemd and are not among them.
    public var leftBehind: Int

    /// An outcome.
    public init(seconds: Int, leftBehind: Int = 0) {
        self.seconds = seconds
        self.leftBehind = leftBehind
    }
}
