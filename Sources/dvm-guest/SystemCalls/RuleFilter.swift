internal import CSeccomp
internal import DVMProtocol
internal import Glibc

/// A table of refusals, compiled by libseccomp; what no row is about passes.
struct RuleFilter {
    let architecture: Architecture
    let rules: [SystemCallRule]

    /// The filter as the kernel takes it.
    func program() throws(Refusal) -> SystemCallProgram {
        guard let filter = unsafe seccomp_init(dvm_seccomp_allow()) else {
            throw Refusal("there is no memory for the system call filter")
        }
        defer { unsafe seccomp_release(filter) }
        if architecture != .native {
            try Self.check(unsafe seccomp_arch_add(filter, architecture.rawValue), Self.preparing)
            try Self.check(unsafe seccomp_arch_remove(filter, Architecture.native.rawValue), Self.preparing)
        }
        // Another ABI of the same processor (32 bit, x32) numbers calls in another way and would pass every rule.
        try Self.check(
            unsafe seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, dvm_seccomp_kill_process()),
            Self.preparing
        )
        // A tree instead of a list: calls that are allowed pass in tens of nanoseconds.
        try Self.check(unsafe seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), Self.preparing)
        for rule in rules {
            for call in rule.calls { unsafe try add(rule, call, to: filter) }
        }
        return unsafe try Self.export(filter)
    }

    private func add(_ rule: SystemCallRule, _ call: SystemCallRule.Call, to filter: scmp_filter_ctx) throws(Refusal) {
        guard try call.number(on: architecture) != nil else { return }
        let action = dvm_seccomp_errno(UInt16(rule.answer.number.rawValue))
        for conditions in rule.cases.isEmpty ? [[]] : rule.cases {
            let comparisons = conditions.map(\.comparison)
            try Self.check(
                unsafe seccomp_rule_add_array(
                    filter,
                    action,
                    try call.ownNumber(),
                    UInt32(comparisons.count),
                    comparisons
                ),
                "refusing \(call.name)"
            )
        }
    }

    private static func export(_ filter: scmp_filter_ctx) throws(Refusal) -> SystemCallProgram {
        let file = OwnedDescriptor(try Descriptors.memoryFile("the system call filter"))
        try check(unsafe seccomp_export_bpf(filter, file.raw.rawValue), "writing the system call filter")
        do {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 16 * 1024)
            while true {
                let count = try unsafe buffer.withUnsafeMutableBytes {
                    try unsafe file.raw.read(fromAbsoluteOffset: Int64(bytes.count), into: $0)
                }
                guard count > 0 else { return SystemCallProgram(bytes: bytes) }
                bytes += buffer[..<count]
            }
        } catch {
            throw Refusal("reading the system call filter: \(error)")
        }
    }

    private static let preparing = "preparing the system call filter"

    private static func check(_ answer: Int32, _ doing: String) throws(Refusal) {
        // libseccomp answers a negative errno.
        guard answer >= 0 else { throw Refusal("\(doing): \(Errno(rawValue: -answer))") }
    }
}

extension SystemCallRule.Call {
    /// The number of a call on an architecture; nothing when that does not have it.
    func number(on architecture: Architecture) throws(Refusal) -> UInt32? {
        switch self {
        case .new(let number, _): number
        case .named(let name):
            UInt32(exactly: try resolved(unsafe seccomp_syscall_resolve_name_arch(architecture.rawValue, name)))
        }
    }

    /// What libseccomp's rules want.
    ///
    /// The number here, whichever architecture they are for, and a negative one of its own for what only others have: it
    /// translates that by itself.
    fileprivate func ownNumber() throws(Refusal) -> Int32 {
        switch self {
        case .new(let number, _): Int32(number)
        case .named(let name): try resolved(unsafe seccomp_syscall_resolve_name(name))
        }
    }

    private func resolved(_ number: Int32) throws(Refusal) -> Int32 {
        // No architecture has it, so the table is wrong.
        guard number != -1 else { throw Refusal("libseccomp does not know the call \(name)") }
        return number
    }
}

extension SystemCallRule.Condition {
    fileprivate var comparison: scmp_arg_cmp {
        switch test {
        case .bits(let mask, let value):
            scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
        case .atLeast(let value): scmp_arg_cmp(arg: argument, op: SCMP_CMP_GE, datum_a: value, datum_b: 0)
        case .isNot(let value): scmp_arg_cmp(arg: argument, op: SCMP_CMP_NE, datum_a: value, datum_b: 0)
        }
    }
}
