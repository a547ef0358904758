import DVMProtocol

@testable import dvm_guest

/// The kernel's classic BPF machine, so that filters can be asked about calls that this kernel does not have and about
/// architectures that this machine is not.
struct FilterMachine {
    enum Verdict: Hashable, Sendable {
        case allow
        case kill
        case errno(Int32)
        case other(UInt32)
        /// A program the kernel would not have taken.
        case broken
    }

    /// AUDIT_ARCH_I386 and AUDIT_ARCH_ARM, the 32-bit ABIs of our architectures.
    static let i386: UInt32 = 0x4000_0003
    static let arm: UInt32 = 0x4000_0028

    private struct Instruction {
        var code: UInt16
        var whenTrue: Int
        var whenFalse: Int
        var value: UInt32
    }

    let architecture: Architecture
    private let programs: [[Instruction]]

    /// A session's programs, in the order in which they are loaded.
    init(_ choice: AgentPolicy.SystemCalls, on architecture: Architecture = .native) throws {
        self.init(try SystemCallFilter(choice).programs(for: architecture), on: architecture)
    }

    init(_ programs: [SystemCallProgram], on architecture: Architecture) {
        self.architecture = architecture
        self.programs = programs.map { program in
            stride(from: 0, to: program.bytes.count, by: 8).map { start in
                let byte = { (at: Int) in UInt32(program.bytes[start + at]) }
                return Instruction(
                    code: UInt16(byte(0) | byte(1) << 8),
                    whenTrue: Int(byte(2)),
                    whenFalse: Int(byte(3)),
                    value: byte(4) | byte(5) << 8 | byte(6) << 16 | byte(7) << 24
                )
            }
        }
    }

    /// How many instructions each program has.
    var sizes: [Int] { programs.map(\.count) }

    /// The verdict of all programs on a call, of another ABI where a token is given.
    func verdict(_ number: UInt32, _ arguments: [UInt64] = [], token: UInt32? = nil) -> Verdict {
        let data = Self.data(number, arguments, token ?? architecture.rawValue)
        let answers = programs.compactMap { Self.run($0, on: data) }
        guard answers.count == programs.count else { return .broken }
        // The kernel asks the program loaded last first, and keeps another answer only if its action is stricter:
        // a smaller number, without the errno.
        let action = { (answer: UInt32) in Int32(bitPattern: answer & 0xFFFF_0000) }
        var strictest: UInt32 = 0x7FFF_0000
        for answer in answers.reversed() where action(answer) < action(strictest) { strictest = answer }
        return Self.verdict(strictest)
    }

    /// The answer of one program; nothing when it has an instruction that is not here, or ends without an answer.
    private static func run(_ program: [Instruction], on data: [UInt32]) -> UInt32? {
        var accumulator: UInt32 = 0
        var index = 0
        while program.indices.contains(index) {
            let step = program[index]
            index += 1
            switch step.code {
            case 0x20: accumulator = data[Int(step.value) / 4]  // ld [k]
            case 0x54: accumulator &= step.value  // and #k
            case 0x05: index += Int(step.value)  // ja
            case 0x15: index += accumulator == step.value ? step.whenTrue : step.whenFalse  // jeq
            case 0x25: index += accumulator > step.value ? step.whenTrue : step.whenFalse  // jgt
            case 0x35: index += accumulator >= step.value ? step.whenTrue : step.whenFalse  // jge
            case 0x45: index += accumulator & step.value != 0 ? step.whenTrue : step.whenFalse  // jset
            case 0x06: return step.value  // ret
            default: return nil
            }
        }
        return nil
    }

    /// struct seccomp_data as 32-bit words, on a little-endian machine.
    private static func data(_ number: UInt32, _ arguments: [UInt64], _ token: UInt32) -> [UInt32] {
        let padded = arguments + Array(repeating: 0, count: 6 - arguments.count)
        return [number, token, 0, 0]
            + padded.flatMap { [UInt32(truncatingIfNeeded: $0), UInt32(truncatingIfNeeded: $0 >> 32)] }
    }

    private static func verdict(_ value: UInt32) -> Verdict {
        switch value & 0xFFFF_0000 {
        case 0x7FFF_0000: .allow
        case 0x8000_0000: .kill
        case 0x0005_0000: .errno(Int32(value & 0xFFFF))
        default: .other(value)
        }
    }
}
