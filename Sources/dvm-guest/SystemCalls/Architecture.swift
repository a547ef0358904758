/// A processor architecture as system calls see it: the same call has another number on each.
///
/// The raw value is the kernel's token for it, `AUDIT_ARCH_…`.
enum Architecture: UInt32, CaseIterable, Sendable {
    case x86_64 = 0xC000_003E
    case aarch64 = 0xC000_00B7

    /// The one this program was built for.
    #if arch(x86_64)
    static let native = x86_64
    #elseif arch(arm64)
    static let native = aarch64
    #else
    #error("there is no system call filter for this architecture")
    #endif

    /// The numbers that Linux 6.18 has given to calls; what is between and above them nobody has looked at yet.
    ///
    /// The last range is the same on every architecture: since 424 the kernel gives one number to all.
    var knownNumbers: [ClosedRange<UInt32>] {
        switch self {
        // 335 and 336 are for probes that root puts into a program: refused, they would crash it.
        case .x86_64: [0...336, 424...469]
        // 244 to 259 are kept for calls that only one architecture has, and this one has none.
        case .aarch64: [0...243, 260...294, 424...469]
        }
    }

    /// The bit in the number of a call of x32, an ABI with the token of x86_64 that numbers some calls in another way.
    var x32Bit: UInt32? {
        switch self {
        case .x86_64: 0x4000_0000
        case .aarch64: nil
        }
    }
}
