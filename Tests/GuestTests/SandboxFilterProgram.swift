import SystemPackage

@testable import dvm_guest

/// A classic BPF program as the kernel would run it, so that a filter can be asked about calls that this kernel does not
/// have and about architectures that this machine is not.
struct FilterProgram {
    struct Instruction {
        var code: UInt16
        var whenTrue: UInt8
        var whenFalse: UInt8
        var value: UInt32
    }

    enum Verdict: Hashable {
        case allow
        case kill
        case errno(Int32)
        case other(UInt32)
    }

    /// AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64.
    static let x86_64: UInt32 = 0xC000_003E
    static let i386: UInt32 = 0x4000_0003
    static let aarch64: UInt32 = 0xC000_00B7

    #if arch(x86_64)
    static let native = x86_64
    #else
    static let native = aarch64
    #endif

    let instructions: [Instruction]

    /// The program of a filter, as it is exported for Bubblewrap.
    init(_ filter: SystemCallFilter) throws {
        let file = try Descriptors.memoryFile("a filter under test")
        defer { try? file.close() }
        try filter.export(to: file)
        try Descriptors.seal(file, "a filter under test")
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        instructions = stride(from: 0, to: bytes.count, by: 8).map { start in
            let word = { (at: Int) in UInt32(bytes[start + at]) | UInt32(bytes[start + at + 1]) << 8 }
            return Instruction(
                code: UInt16(word(0)),
                whenTrue: bytes[start + 2],
                whenFalse: bytes[start + 3],
                value: word(4) | word(6) << 16
            )
        }
    }

    /// The verdict on a call.
    func verdict(_ number: Int32, _ arguments: [UInt64] = [], architecture: UInt32 = native) -> Verdict {
        let data = Self.data(number, arguments, architecture)
        var accumulator: UInt32 = 0
        var index = 0
        while instructions.indices.contains(index) {
            let step = instructions[index]
            index += 1
            switch step.code {
            case 0x20: accumulator = data[Int(step.value) / 4]  // ld [k]
            case 0x54: accumulator &= step.value  // and #k
            case 0x05: index += Int(step.value)  // ja
            case 0x15: index += Int(accumulator == step.value ? step.whenTrue : step.whenFalse)  // jeq
            case 0x25: index += Int(accumulator > step.value ? step.whenTrue : step.whenFalse)  // jgt
            case 0x35: index += Int(accumulator >= step.value ? step.whenTrue : step.whenFalse)  // jge
            case 0x45: index += Int(accumulator & step.value != 0 ? step.whenTrue : step.whenFalse)  // jset
            case 0x06: return Self.verdict(step.value)  // ret
            default: return .other(UInt32(step.code))
            }
        }
        return .other(.max)
    }

    /// struct seccomp_data as 32-bit words, on a little-endian machine.
    private static func data(_ number: Int32, _ arguments: [UInt64], _ architecture: UInt32) -> [UInt32] {
        let padded = arguments + Array(repeating: 0, count: 6 - arguments.count)
        return [UInt32(bitPattern: number), architecture, 0, 0]
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
