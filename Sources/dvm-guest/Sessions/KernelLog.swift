internal import DVMProtocol
internal import Glibc

/// The kernel's log from one moment on: what it says of processes that a system call filter ended.
///
/// The kernel logs these by itself, unless auditd(8) takes them from it. It names the user, the process and the call; what
/// the process called itself stands there too, is its own choice, and is not looked at.
struct KernelLog: ~Copyable {
    private let file: OwnedDescriptor

    /// More records than the log of any kernel holds.
    private static let mostRecords = 20_000

    /// The log from now on; nothing where it cannot be read.
    init?(_ path: FilePath = "/dev/kmsg") {
        guard
            let file = try? FileDescriptor.open(path, .readOnly, options: [.nonBlocking, .closeOnExec]),
            lseek(file.rawValue, 0, SEEK_END) != -1
        else { return nil }
        self.file = OwnedDescriptor(file)
    }

    /// The calls for which processes of a user have been ended since, most frequent first.
    func calls(of uid: UInt32) -> [SessionFacts.SystemCall] {
        var times: [SessionFacts.SystemCall: Int] = [:]
        // A read is a record, whole.
        var buffer = [UInt8](repeating: 0, count: 8192)
        reading: for _ in 0..<Self.mostRecords {
            switch Reading.from(file.raw, into: &buffer) {
            case .nothing: break reading
            // Records that were overwritten before they were read (EPIPE): the next read goes on after them.
            case .end: continue
            case .bytes(let record):
                guard let call = Self.call(in: String(decoding: record, as: UTF8.self), of: uid) else { continue }
                times[call, default: 0] += 1
            }
        }
        let calls = times.map { call, times in
            SessionFacts.SystemCall(architecture: call.architecture, number: call.number, times: times)
        }
        return Array(calls.sorted { ($1.times, $0.number) < ($0.times, $1.number) }.prefix(SessionFacts.most))
    }

    /// The call for which a record says that a process of a user was ended.
    ///
    /// A record of `/dev/kmsg` is numbers, the first of them priority and origin, then `;` and the text.
    static func call(in record: String, of uid: UInt32) -> SessionFacts.SystemCall? {
        let parts = record.split(separator: ";", maxSplits: 1)
        // Origin 0 is the kernel itself, which nobody who writes to the log can claim.
        guard parts.count == 2, let origin = parts[0].split(separator: ",").first.flatMap({ Int($0) }), origin >> 3 == 0
        else { return nil }
        let words = parts[1].prefix { $0 != "\n" }.split(separator: " ")
        // AUDIT_SECCOMP.
        guard words.starts(with: ["audit:", "type=1326"]) else { return nil }
        var fields: [Substring: Substring] = [:]
        for word in words {
            let pair = word.split(separator: "=", maxSplits: 1)
            if pair.count == 2, fields[pair[0]] == nil { fields[pair[0]] = pair[1] }
        }
        // Without SIGSYS it was only logged.
        guard fields["uid"] == "\(uid)", fields["sig"] == "\(SIGSYS)",
            let token = fields["arch"].flatMap({ UInt32($0, radix: 16) }),
            let number = fields["syscall"].flatMap({ UInt32($0) })
        else { return nil }
        // AUDIT_ARCH_*; x32 is a bit in the number.
        let isX32 = token == 0xC000_003E && number & 0x4000_0000 != 0
        let architecture =
            switch token {
            case 0xC000_003E: isX32 ? "x32" : "x86_64"
            case 0x4000_0003: "i386"
            case 0xC000_00B7: "aarch64"
            case 0x4000_0028: "arm"
            default: String(token, radix: 16)
            }
        return SessionFacts.SystemCall(
            architecture: architecture,
            number: isX32 ? number & ~0x4000_0000 : number,
            times: 1
        )
    }

    /// What a person should hear of such calls; nothing where there are none.
    static func note(_ calls: [SessionFacts.SystemCall], mayBeOthers: Bool) -> SessionNote? {
        guard !calls.isEmpty else { return nil }
        let count = calls.reduce(0) { $0 + $1.times }
        let named = calls.prefix(4).map { "\($0.number) of \($0.architecture)" }.joined(separator: ", ")
        let whose = mayBeOthers ? "; they may be of a session that ran beside this one" : ""
        return SessionNote(
            .warning,
            "processes that the kernel ended for a system call the filter never lets pass: \(count) (\(named))\(whose)"
        )
    }
}
