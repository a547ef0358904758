/// SHA-256 (FIPS 180-4), for what is compared a thousand times in a plan: a program of the system's would be too slow.
///
/// A library for it would multiply the size of dvm. What is downloaded or installed is not judged by this, but by the
/// programs of the system.
struct SHA256: Sendable {
    private var state: [UInt32] = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]
    /// What does not fill a block yet.
    private var rest: [UInt8] = []
    private var length: UInt64 = 0

    private static let blockSize = 64

    /// The digest of some bytes: 32 of them.
    static func digest(of bytes: some Sequence<UInt8>) -> [UInt8] {
        var hash = Self()
        hash.update(bytes)
        return hash.finish()
    }

    /// The authentication code of some bytes under a key (HMAC, RFC 2104): 32 of them.
    static func code(for bytes: some Sequence<UInt8>, key: [UInt8]) -> [UInt8] {
        var block = key.count > blockSize ? digest(of: key) : key
        block += [UInt8](repeating: 0, count: blockSize - block.count)
        return digest(of: block.map { $0 ^ 0x5C } + digest(of: block.map { $0 ^ 0x36 } + Array(bytes)))
    }

    /// Takes in more bytes.
    mutating func update(_ bytes: some Sequence<UInt8>) {
        let before = rest.count
        rest.append(contentsOf: bytes)
        length &+= UInt64(rest.count - before)
        var start = 0
        var words = [UInt32](repeating: 0, count: 64)
        while rest.count - start >= Self.blockSize {
            compress(from: start, &words)
            start += Self.blockSize
        }
        rest.removeFirst(start)
    }

    /// The digest of everything that was taken in.
    consuming func finish() -> [UInt8] {
        let bits = length &* 8
        let padding = (Self.blockSize * 2 - 9 - rest.count) % Self.blockSize
        update([0x80] + [UInt8](repeating: 0, count: padding) + Self.bytes(of: bits))
        return state.flatMap { Self.bytes(of: $0) }
    }

    private mutating func compress(from start: Int, _ words: inout [UInt32]) {
        for index in 0..<16 {
            let at = start + index * 4
            words[index] =
                UInt32(rest[at]) << 24 | UInt32(rest[at + 1]) << 16 | UInt32(rest[at + 2]) << 8 | UInt32(rest[at + 3])
        }
        for index in 16..<64 {
            let (a, b) = (words[index - 15], words[index - 2])
            let first = Self.turn(a, 7) ^ Self.turn(a, 18) ^ a >> 3
            let second = Self.turn(b, 17) ^ Self.turn(b, 19) ^ b >> 10
            words[index] = words[index - 16] &+ first &+ words[index - 7] &+ second
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let choice = (e & f) ^ (~e & g)
            let first = h &+ (Self.turn(e, 6) ^ Self.turn(e, 11) ^ Self.turn(e, 25)) &+ choice
            let second = first &+ Self.constants[index] &+ words[index]
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let third = (Self.turn(a, 2) ^ Self.turn(a, 13) ^ Self.turn(a, 22)) &+ majority
            (h, g, f, e) = (g, f, e, d &+ second)
            (d, c, b, a) = (c, b, a, second &+ third)
        }
        for (index, value) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= value }
    }

    private static func turn(_ word: UInt32, _ by: UInt32) -> UInt32 { word >> by | word << (32 - by) }

    private static func bytes(of number: some FixedWidthInteger) -> [UInt8] {
        stride(from: number.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    /// The fractions of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = [
        0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
        0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
        0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
        0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7, 0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
        0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
        0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
        0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
        0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
    ]
}

extension Sequence<UInt8> {
    /// Two hexadecimal digits for each byte.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
