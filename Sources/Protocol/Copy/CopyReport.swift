/// What one end of a copy has to tell when it is over.
public struct CopyReport: Hashable, Codable, Sendable {
    /// Something that was not copied.
    public struct Trouble: Hashable, Codable, Sendable {
        /// Its path, from the top of what is copied.
        public var path: RawPath
        /// Why, in a few words.
        public var why: String
        /// Whether it should have been copied: a device or a link that leads outside should not.
        public var isFailure: Bool

        /// Something that was not copied.
        public init(_ path: RawPath, _ why: String, isFailure: Bool) {
            self.path = path
            self.why = why
            self.isFailure = isFailure
        }
    }

    /// Files that were put in place.
    public var files = 0
    /// Files that were there already, unchanged.
    public var unchanged = 0
    /// Bytes of data that travelled.
    public var bytes: UInt64 = 0
    /// What was not copied, the first of them.
    public var troubles: [Trouble] = []
    /// How many more there were of what should have been copied.
    public var moreFailures = 0
    /// How many more there were of the rest.
    public var moreSkipped = 0
    /// Files that did not take the mark of those that came from elsewhere; nothing where all did, or none was to have it.
    public var unmarked: Int?

    /// Nothing yet.
    public init() {}

    /// Takes note of something that was not copied.
    ///
    /// Only so many are kept word for word: they travel in one frame.
    public mutating func note(_ path: RawPath, _ why: String, isFailure: Bool) {
        guard troubles.count < Self.mostTroubles else {
            if isFailure { moreFailures += 1 } else { moreSkipped += 1 }
            return
        }
        troubles.append(Trouble(RawPath(path.bytes.prefix(Self.mostPath)), why, isFailure: isFailure))
    }

    /// Whether everything is there that should be.
    public var isWhole: Bool { moreFailures == 0 && !troubles.contains(where: \.isFailure) }

    /// The most that are kept word for word.
    public static let mostTroubles = 100
    static let mostPath = 255
}
