/// One row of a system call filter: which calls get which answer instead of being made, and why.
struct SystemCallRule {
    /// The calls, all with the same meaning and the same arguments in the same places.
    var calls: [Call]
    var answer: Answer
    /// When: in any of these cases; always when there are none.
    var cases: [[Condition]]
    /// What could be done otherwise, or which fault was made of it.
    var why: String

    init(_ calls: Call..., answer: Answer, when cases: [[Condition]] = [], why: String) {
        self.init(calls: calls, answer: answer, when: cases, why: why)
    }

    init(calls: [Call], answer: Answer, when cases: [[Condition]] = [], why: String) {
        self.calls = calls
        self.answer = answer
        self.cases = cases
        self.why = why
    }

    /// A system call.
    enum Call: Hashable, ExpressibleByStringLiteral {
        /// By the name libseccomp has for it; names an architecture does not have are passed over.
        case named(String)
        /// By number where libseccomp may not know the name yet; numbers from 424 on are the same everywhere, and an
        /// architecture that does not have a lower one refuses it as unknown.
        case new(UInt32, String)

        init(stringLiteral name: String) { self = .named(name) }

        var name: String {
            switch self {
            case .named(let name), .new(_, let name): name
            }
        }

        /// Whether libseccomp 2.5.4 does not know it, and so builds no rule about it for another architecture: the calls of
        /// Linux 6.8 and newer.
        var isBeyondLibrary: Bool {
            if case .new(let number, _) = self { number >= 457 } else { false }
        }
    }

    /// The row with only some of its calls.
    func only(_ condition: (Call) -> Bool) -> Self {
        var row = self
        row.calls = calls.filter(condition)
        return row
    }

    /// What the caller is told.
    enum Answer: Hashable {
        /// EPERM: there is such a call, and it is not for you.
        case notPermitted
        /// ENOSYS: an older kernel; libraries then take the older call, whose arguments we can see.
        case notThere
        /// EAFNOSUPPORT: a kernel without this family of sockets.
        case noFamily
        /// EPROTONOSUPPORT: a kernel without this protocol.
        case noProtocol

        var number: Errno {
            switch self {
            case .notPermitted: .notPermitted
            case .notThere: .noFunction
            case .noFamily: .addressFamilyNotSupported
            case .noProtocol: .protocolNotSupported
            }
        }
    }

    /// A question about one argument of a call.
    ///
    /// Registers have 64 bits, and of an int argument the kernel looks at 32: comparing all of them would let a caller
    /// pass by setting a higher one. So equality is always asked of the lower half; `atLeast` and `isNot` ask all bits,
    /// which can only refuse more.
    struct Condition: Hashable {
        enum Test: Hashable {
            case bits(mask: UInt64, value: UInt64)
            case atLeast(UInt64)
            case isNot(UInt64)
        }

        var argument: UInt32
        var test: Test

        /// The argument is this number.
        static func number(_ argument: UInt32, _ value: UInt32) -> Self {
            Self(argument: argument, test: .bits(mask: 0xFFFF_FFFF, value: UInt64(value)))
        }

        /// All of these bits are set in the argument.
        static func flag(_ argument: UInt32, _ bits: UInt32) -> Self {
            Self(argument: argument, test: .bits(mask: UInt64(bits), value: UInt64(bits)))
        }

        static func atLeast(_ argument: UInt32, _ value: UInt64) -> Self {
            Self(argument: argument, test: .atLeast(value))
        }

        static func isNot(_ argument: UInt32, _ value: UInt64) -> Self {
            Self(argument: argument, test: .isNot(value))
        }
    }
}
