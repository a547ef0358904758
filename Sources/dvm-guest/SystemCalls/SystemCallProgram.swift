/// A system call filter as the kernel takes it: instructions for its classic BPF machine.
///
/// The machine loads a word of `struct seccomp_data` into its one register, compares it with constants, jumps forward and
/// ends with a verdict.
struct SystemCallProgram: Hashable {
    /// `struct sock_filter`, 8 bytes each, in the byte order of both our architectures.
    var bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    init(_ instructions: [Instruction]) { bytes = instructions.flatMap(\.bytes) }

    struct Instruction: Hashable {
        var code: UInt16
        /// How many instructions to pass over when a comparison holds, and when it does not.
        var whenTrue: UInt8 = 0
        var whenFalse: UInt8 = 0
        var value: UInt32

        fileprivate var bytes: [UInt8] {
            [UInt8(truncatingIfNeeded: code), UInt8(truncatingIfNeeded: code >> 8), whenTrue, whenFalse]
                + (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }

        /// Loads the number of the call.
        static let loadNumber = Self(code: 0x20, value: 0)
        /// Loads the token of the architecture.
        static let loadArchitecture = Self(code: 0x20, value: 4)

        /// Loads the lower half of an argument; of an int the kernel looks at no other.
        static func load(argument: Int) -> Self { Self(code: 0x20, value: UInt32(16 + 8 * argument)) }

        static func ifEqual(_ value: UInt32, pass: Int) -> Self {
            Self(code: 0x15, whenTrue: distance(pass), value: value)
        }

        static func ifAtLeast(_ value: UInt32, pass: Int) -> Self {
            Self(code: 0x35, whenTrue: distance(pass), value: value)
        }

        static func end(_ verdict: SystemCallVerdict) -> Self { Self(code: 0x06, value: verdict.rawValue) }

        private static func distance(_ count: Int) -> UInt8 {
            // The machine's limit; a table that gets there needs a deeper tree.
            guard let distance = UInt8(exactly: count) else { preconditionFailure("a jump over \(count) instructions") }
            return distance
        }
    }
}

/// What a filter says about a call.
enum SystemCallVerdict: Hashable {
    case allow
    case refuse(SystemCallRule.Answer)
    /// The whole process ends.
    case kill

    /// The kernel's word for it, `SECCOMP_RET_…`.
    var rawValue: UInt32 {
        switch self {
        case .allow: 0x7FFF_0000
        case .refuse(let answer): 0x0005_0000 | UInt32(answer.number.rawValue)
        case .kill: 0x8000_0000
        }
    }
}
