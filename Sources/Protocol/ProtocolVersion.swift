/// A version of the wire.
///
/// A number is made when a peer of the number before would misunderstand us, and it keeps its reason here. New
/// optional fields need no number.
public struct ProtocolVersion: RawRepresentable, Hashable, Comparable, Codable, Sendable {
    /// The number itself, from 1.
    public var rawValue: UInt16

    /// The version with a number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// 1: hello, programs, tasks, terminals, credit.
    public static let first = Self(rawValue: 1)

    /// What this build speaks.
    public static let spoken = Span(oldest: .first, newest: .first)

    /// Compares by number.
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// The oldest and the newest version one peer speaks.
    public struct Span: Hashable, Codable, Sendable {
        /// The oldest version spoken.
        public var oldest: ProtocolVersion
        /// The newest version spoken.
        public var newest: ProtocolVersion

        /// A span of versions.
        public init(oldest: ProtocolVersion, newest: ProtocolVersion) {
            self.oldest = oldest
            self.newest = newest
        }

        var text: String { oldest == newest ? "\(oldest.rawValue)" : "\(oldest.rawValue)–\(newest.rawValue)" }
    }

    /// The newest version both peers speak.
    ///
    /// - Throws: a `Refusal` naming both spans when they do not overlap.
    public static func agree(host: Span, guest: Span) throws(Refusal) -> Self {
        let newest = min(host.newest, guest.newest)
        guard newest >= host.oldest, newest >= guest.oldest else {
            throw Refusal(
                "this dvm speaks protocol \(host.text), the guest program in the VM speaks \(guest.text)",
                hint: "run `dvm sync` with one installation of dvm to put its own guest program into the VM"
            )
        }
        return newest
    }
}
