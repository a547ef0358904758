/// A digest of the beginning of a file, to see whether a copy that was cut short can go on.
///
/// Each step is a bijection of the state, so that one differing word always shows; more of them go unnoticed once in
/// 2⁶⁴. It guards against accidents (a crash that lost blocks, another file of that name) and against nobody: who sends a
/// file can send what they like.
public struct CopyDigest: Sendable {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325
    private var word: UInt64 = 0
    private var held: UInt64 = 0
    private var count: UInt64 = 0

    /// The digest of nothing.
    public init() {}

    /// Takes in the next bytes.
    public mutating func update(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes {
            word = word << 8 | UInt64(byte)
            held += 1
            if held == 8 { mix() }
        }
        count += UInt64(bytes.count)
    }

    /// The digest of everything so far.
    public var value: UInt64 {
        var copy = self
        copy.mix()
        copy.word = count
        copy.mix()
        return copy.state
    }

    private mutating func mix() {
        // A multiplication carries upwards only, and the rotation brings what is up there down.
        state = (state ^ word) &* 0x9E37_79B9_7F4A_7C15
        state = state << 29 | state >> 35
        word = 0
        held = 0
    }
}
