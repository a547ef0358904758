import CLinux
import CSeccomp
import DVMProtocol
import Glibc
import Testing

@testable import dvm_guest

extension AgentPolicy.SystemCalls {
    /// Every row of a profile.
    var rows: [SystemCallRule] { SystemCallFilter(self).refused }
}

@Suite struct `The tables of system calls` {
    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `give a reason in every row`(choice: AgentPolicy.SystemCalls) {
        for rule in choice.rows {
            #expect(rule.why.count > 15, "\(rule.calls.map(\.name))")
            #expect(!rule.calls.isEmpty)
        }
        for row in StrictSystemCalls.allowed {
            #expect(row.why.count > 15, "\(row.calls.map(\.name))")
            #expect(!row.calls.isEmpty)
        }
    }

    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `name a call once, unless its arguments decide`(choice: AgentPolicy.SystemCalls) {
        var unconditional: Set<String> = []
        for rule in choice.rows where rule.cases.isEmpty {
            for call in rule.calls { #expect(unconditional.insert(call.name).inserted, "\(call.name) twice") }
        }
        for rule in choice.rows where !rule.cases.isEmpty {
            for call in rule.calls { #expect(!unconditional.contains(call.name), "\(call.name) is refused anyway") }
        }
    }

    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `say the same in one case only once`(choice: AgentPolicy.SystemCalls) {
        var seen: Set<[String]> = []
        for rule in choice.rows {
            for call in rule.calls {
                for conditions in rule.cases { #expect(seen.insert([call.name, "\(conditions)"]).inserted) }
            }
        }
    }

    @Test func `allow no call twice, and none that is refused whatever its arguments`() {
        let refused = Set(AgentPolicy.SystemCalls.strict.rows.filter(\.cases.isEmpty).flatMap(\.calls).map(\.name))
        var seen: Set<String> = []
        for call in StrictSystemCalls.allowed.flatMap(\.calls) {
            #expect(seen.insert(call.name).inserted, "\(call.name) twice")
            #expect(!refused.contains(call.name), "\(call.name) is refused anyway")
        }
    }

    @Test(arguments: AgentPolicy.SystemCalls.allCases, Architecture.allCases)
    func `use names that libseccomp knows`(choice: AgentPolicy.SystemCalls, architecture: Architecture) throws {
        for call in choice.rows.flatMap(\.calls) + StrictSystemCalls.allowed.flatMap(\.calls) {
            _ = try call.number(on: architecture)
        }
        #expect(throws: (any Error).self) {
            try SystemCallRule.Call.named("no_such_call").number(on: architecture)
        }
    }

    /// What is given by number here, libseccomp may know by name, and then by the same number.
    @Test func `agree with libseccomp where it knows a number`() {
        for case .new(let number, let name) in AgentPolicy.SystemCalls.strict.rows.flatMap(\.calls)
            + StrictSystemCalls.allowed.flatMap(\.calls)
        {
            let known = unsafe seccomp_syscall_resolve_name_arch(Architecture.x86_64.rawValue, name)
            #expect(known < 0 || known == Int32(number), "\(name)")
        }
    }

    @Test func `have no row whose arguments nobody could look at`() {
        let rule = SystemCallRule(
            .new(470, "listns"),
            answer: .notPermitted,
            when: [[.flag(0, 1)]],
            why: "a row that cannot be kept"
        )
        #expect(throws: Refusal.self) { try SystemCallFilter(refused: [rule]).programs() }
    }
}

/// One profile on one architecture.
struct Profile: Sendable, CustomTestStringConvertible {
    var choice: AgentPolicy.SystemCalls
    var architecture: Architecture

    static let all = AgentPolicy.SystemCalls.allCases.flatMap { choice in
        Architecture.allCases.map { Self(choice: choice, architecture: $0) }
    }

    var testDescription: String { "\(choice.rawValue) on \(architecture)" }

    func machine() throws -> FilterMachine { try FilterMachine(choice, on: architecture) }

    /// A machine for each program alone.
    func machines() throws -> [FilterMachine] {
        try SystemCallFilter(choice).programs(for: architecture).map { FilterMachine([$0], on: architecture) }
    }
}

@Suite struct `The agent's filter, run without a kernel` {
    @Test(arguments: Profile.all)
    func `says to every call of Linux what is written down`(profile: Profile) throws {
        let machine = try profile.machine()
        let wrong = KnownSystemCalls.rows.compactMap { row -> String? in
            guard let number = row.numbers[profile.architecture] else { return nil }
            let verdict = machine.verdict(number)
            return verdict == row.verdicts[profile.choice] ? nil : "\(row.name): \(verdict)"
        }
        #expect(wrong == [])
    }

    @Test(arguments: Profile.all)
    func `looks at arguments as is written down`(profile: Profile) throws {
        let machine = try profile.machine()
        var asked = 0
        let wrong = try SystemCallArguments.all.compactMap { call -> String? in
            let row = try #require(KnownSystemCalls.byName[call.name])
            guard let number = row.numbers[profile.architecture] else { return nil }
            asked += 1
            let verdict = machine.verdict(number, call.arguments)
            return verdict == call.verdicts[profile.choice] ? nil : "\(call.testDescription): \(verdict)"
        }
        #expect(wrong == [])
        // On aarch64 without open, chmod, creat and mknod.
        #expect(asked > 250)
    }

    @Test(arguments: Profile.all)
    func `takes numbers without a call for a call of a newer kernel`(profile: Profile) throws {
        let machine = try profile.machine()
        let taken = Set(KnownSystemCalls.rows.compactMap { $0.numbers[profile.architecture] })
        #expect(taken.count > 300)
        let free = (UInt32(0)..<2048).filter { !taken.contains($0) } + [0xFFFF, 0xF0005, 0x3FFF_FFFF, .max]
        #expect(free.filter { machine.verdict($0) != .errno(ENOSYS) } == [])
    }

    /// What libseccomp calls what an architecture does not have: no such number ever reaches a kernel as a call.
    @Test func `has no rule for calls that aarch64 lacks`() throws {
        let absent = KnownSystemCalls.rows.filter { $0.numbers[.aarch64] == nil }.map(\.name)
        #expect(Set(["open", "chmod", "creat", "mknod", "fork", "iopl", "modify_ldt"]).subtracting(absent) == [])
        for name in absent where name != "uprobe" && name != "uretprobe" {
            #expect(try SystemCallRule.Call.named(name).number(on: .aarch64) == nil, "\(name)")
            let pseudo = unsafe seccomp_syscall_resolve_name_arch(Architecture.aarch64.rawValue, name)
            #expect(pseudo < -1)
            for choice in AgentPolicy.SystemCalls.allCases {
                let verdict = try FilterMachine(choice, on: .aarch64).verdict(UInt32(bitPattern: pseudo))
                #expect(verdict == .errno(ENOSYS), "\(name)")
            }
        }
    }

    /// Each of the programs by itself: one that did not look would read its numbers as other calls.
    @Test(arguments: Profile.all)
    func `kills what speaks another ABI`(profile: Profile) throws {
        let others = [FilterMachine.i386, FilterMachine.arm] + Architecture.allCases.map(\.rawValue)
        for machine in try profile.machines() {
            for token in others where token != profile.architecture.rawValue {
                // 0: read or restart_syscall. 288, 311: keyctl as i386 and arm number it.
                for number: UInt32 in [0, 1, 288, 311, 500, .max] {
                    #expect(machine.verdict(number, token: token) == .kill, "\(number) of \(token)")
                }
            }
        }
    }

    /// x32 has the token of x86_64, and a bit in its numbers.
    @Test(arguments: AgentPolicy.SystemCalls.allCases)
    func `kills x32 on x86_64, and knows no such calls elsewhere`(choice: AgentPolicy.SystemCalls) throws {
        let arm = try FilterMachine(choice, on: .aarch64)
        for number: UInt32 in [0, 1, 39, 250, 512, 547, 0x3FFF_FFFF, 0xBFFF_FFFE] {
            for intel in try Profile(choice: choice, architecture: .x86_64).machines() {
                #expect(intel.verdict(0x4000_0000 + number) == .kill)
            }
            #expect(arm.verdict(0x4000_0000 + number) == .errno(ENOSYS))
        }
        // Without the bit these once reached x32's calls as well.
        let intel = try FilterMachine(choice, on: .x86_64)
        #expect((UInt32(512)...547).allSatisfy { intel.verdict($0) == .errno(ENOSYS) })
    }

    /// The tables as they read, against what two compilers made of them.
    @Test(arguments: Profile.all)
    func `is what its tables say, whatever the arguments`(profile: Profile) throws {
        let machine = try profile.machine()
        let filter = SystemCallFilter(profile.choice)
        let rows = try filter.byNumber(on: profile.architecture)
        let numbers = try filter.numbers(for: profile.architecture)
        var generator = SplitMix(seed: 0x5EC0)
        let interesting: [UInt64] =
            [
                0, 1, 2, 8, 10, 16, 38, 40, 63, 64, 132, 255, 0x100, 262, 0x5412, 0x5423, 0o4755, 0o2000, 0x1000_0011,
                0x7E02_0000,
            ]
            + [0xFFFF_FFFF, 1 << 32, 1 << 32 | 40, .max, 0o20_200_000]
        var wrong: [String] = []
        for number in UInt32(0)..<480 {
            for _ in 0..<12 {
                let arguments = (0..<6).map { _ in interesting[Int(generator.next() % UInt64(interesting.count))] }
                let wanted = filter.verdict(number, arguments, rows[number] ?? [], numbers)
                if machine.verdict(number, arguments) != wanted { wrong.append("\(number) \(arguments)") }
            }
        }
        #expect(wrong == [])
    }

    @Test(arguments: Profile.all)
    func `fits the kernel`(profile: Profile) throws {
        // BPF_MAXINSNS for one program, and little of the 32768 for all that a process may be under.
        #expect(try profile.machine().sizes.allSatisfy { (5...1000).contains($0) })
        #expect(try SystemCallFilter(profile.choice).programs().count == SystemCallFilter.programCount)
    }
}

extension SystemCallFilter {
    /// The rows about each number.
    fileprivate func byNumber(on architecture: Architecture) throws -> [UInt32: [SystemCallRule]] {
        var rows: [UInt32: [SystemCallRule]] = [:]
        for rule in refused {
            for call in rule.calls {
                if let number = try call.number(on: architecture) { rows[number, default: []].append(rule) }
            }
        }
        return rows
    }

    /// What the rows and spans say, read without compiling them.
    fileprivate func verdict(_ number: UInt32, _ arguments: [UInt64], _ rows: [SystemCallRule], _ numbers: NumberFilter)
        -> FilterMachine.Verdict
    {
        let row = rows.first { $0.cases.isEmpty || $0.cases.contains { $0.allSatisfy { $0.holds(for: arguments) } } }
        if let row { return .errno(row.answer.number.rawValue) }
        switch numbers.spans.last(where: { $0.from <= number })?.fate {
        case .decided(.allow): return .allow
        case .decided(.kill), nil: return .kill
        case .decided(.refuse(let answer)): return .errno(answer.number.rawValue)
        case .whenFirstArgument(let values):
            return values.contains(UInt32(truncatingIfNeeded: arguments[0])) ? .allow : .errno(EPERM)
        }
    }
}

extension SystemCallRule.Condition {
    func holds(for arguments: [UInt64]) -> Bool {
        let value = arguments[Int(argument)]
        return switch test {
        case .bits(let mask, let wanted): value & mask == wanted
        case .atLeast(let least): value >= least
        case .isNot(let other): value != other
        }
    }
}

/// The same numbers in every run.
private struct SplitMix {
    var seed: UInt64

    mutating func next() -> UInt64 {
        seed &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (seed ^ seed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
