internal import CSeccomp
internal import DVMProtocol
internal import Glibc

/// A table of refusals as the kernel takes it.
struct SystemCallFilter {
    let rules: [SystemCallRule]

    /// The filter of every agent.
    static let agent = Self(rules: SystemCallTable.agent)

    /// Writes the program to a file, for Bubblewrap to load as the last thing it does.
    func export(to file: FileDescriptor) throws(Refusal) {
        unsafe try build { filter throws(Refusal) in
            try Self.check(unsafe seccomp_export_bpf(filter, file.rawValue), "writing the system call filter")
        }
    }

    /// Puts this very process under the filter, for good.
    func load() throws(Refusal) {
        unsafe try build { filter throws(Refusal) in
            try Self.check(unsafe seccomp_load(filter), "loading the system call filter")
        }
    }

    private func build(_ use: (scmp_filter_ctx) throws(Refusal) -> Void) throws(Refusal) {
        guard let filter = unsafe seccomp_init(dvm_seccomp_allow()) else {
            throw Refusal("there is no memory for the system call filter")
        }
        defer { unsafe seccomp_release(filter) }
        // Another ABI of the same processor (32 bit, x32) numbers calls in another way and would pass every rule.
        try Self.check(
            unsafe seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, dvm_seccomp_kill_process()),
            "preparing the system call filter"
        )
        // A tree instead of a list: calls that are allowed pass in tens of nanoseconds.
        try Self.check(
            unsafe seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2),
            "preparing the system call filter"
        )
        for rule in rules {
            for call in rule.calls { unsafe try Self.add(rule, call, to: filter) }
        }
        try unsafe use(filter)
    }

    private static func add(_ rule: SystemCallRule, _ call: SystemCallRule.Call, to filter: scmp_filter_ctx)
        throws(Refusal)
    {
        guard let number = try number(of: call) else { return }
        let action = dvm_seccomp_errno(UInt16(rule.answer.number.rawValue))
        for conditions in rule.cases.isEmpty ? [[]] : rule.cases {
            let comparisons = conditions.map(\.comparison)
            try check(
                unsafe seccomp_rule_add_array(filter, action, number, UInt32(comparisons.count), comparisons),
                "refusing \(call.name)"
            )
        }
    }

    /// The number of a call here; nothing when this architecture does not have it.
    static func number(of call: SystemCallRule.Call) throws(Refusal) -> Int32? {
        switch call {
        case .new(let number, _): return number
        case .named(let name):
            let number = unsafe seccomp_syscall_resolve_name(name)
            // -1: no architecture has it, so the table is wrong. Below: others have it.
            guard number != -1 else { throw Refusal("libseccomp does not know the call \(name)") }
            return number >= 0 ? number : nil
        }
    }

    private static func check(_ answer: Int32, _ doing: String) throws(Refusal) {
        // libseccomp answers a negative errno.
        guard answer >= 0 else { throw Refusal("\(doing): \(Errno(rawValue: -answer))") }
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
