/// A digest of the beginning of a file, to see whether a copy that was cut short can go on.
///
/// What a receiver has of a file may have come from another VM than the rest will. So it is made under a key that the
/// receiver draws each time: nobody can have made beforehand what passes for the beginning of another file. It says nothing
/// of a sender, who can send what they like.
public struct CopyDigest: Hashable, Sendable {
    /// Two numbers, of which 61 bits each count.
    public struct Words: Hashable, Sendable {
        /// The first.
        public var first: UInt64
        /// The second.
        public var second: UInt64

        /// Two numbers.
        public init(_ first: UInt64, _ second: UInt64) {
            self.first = first
            self.second = second
        }

        /// A key that nobody can know before.
        public static func random() -> Self { Self(.random(in: 1..<CopyHash.prime), .random(in: 1..<CopyHash.prime)) }
    }

    /// What it was made under.
    public var key: Words
    /// What the bytes came to.
    public var value: Words

    /// What a value is under a key.
    public init(key: Words, value: Words) {
        self.key = key
        self.value = value
    }

    /// What goes with a file of which nothing is there.
    public static let ofNothing = Self(key: Words(0, 0), value: Words(0, 0))
}

/// The way to a `CopyDigest`.
///
/// The bytes are the coefficients of a polynomial modulo the prime 2⁶¹ − 1, seven in each, and the key is where it is
/// evaluated (Carter and Wegman, 1979), twice. Two different beginnings of n bytes have one digest under at most n² / 49 of
/// the 2¹²² keys: of 1 TiB with a chance of 2⁻⁴⁷.
public struct CopyHash: Sendable {
    private let key: CopyDigest.Words
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var word: UInt64 = 0
    private var held = 0
    private var count: UInt64 = 0

    static let prime: UInt64 = 1 << 61 - 1

    /// That of no bytes yet.
    public init(under key: CopyDigest.Words) { self.key = key }

    /// Takes in the next bytes.
    public mutating func update(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes {
            word = word << 8 | UInt64(byte)
            held += 1
            if held == 7 { evaluate() }
        }
        count += UInt64(bytes.count)
    }

    /// The digest of everything so far.
    public var digest: CopyDigest {
        var copy = self
        copy.evaluate()
        // Zeros at the end are none of the bytes that are not there.
        copy.word = count % Self.prime
        copy.evaluate()
        return CopyDigest(key: key, value: CopyDigest.Words(copy.first, copy.second))
    }

    private mutating func evaluate() {
        first = Self.product(first + word, key.first & Self.prime)
        second = Self.product(second + word, key.second & Self.prime)
        word = 0
        held = 0
    }

    /// The product modulo the prime, where 2⁶¹ is 1: what is above the lowest 61 bits is added to them.
    private static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        let sum = (low & prime) + (high << 3 | low >> 61)
        let folded = (sum & prime) + sum >> 61
        return folded >= prime ? folded - prime : folded
    }
}
