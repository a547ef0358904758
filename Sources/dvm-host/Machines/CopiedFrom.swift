internal import DVMProtocol

/// That a VM is a copy which still has the identity of the one it was copied from.
struct CopiedFrom: Hashable, Sendable, Codable {
    /// The VM it was copied from.
    var source: String
    /// Whether the user's keys stay.
    var keepsKeys: Bool
}
