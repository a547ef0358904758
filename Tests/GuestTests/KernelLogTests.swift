import DVMProtocol
import Testing

@testable import dvm_guest

@Suite struct `The kernel's log of system calls` {
    private static let arm = "c00000b7"

    private static func record(
        origin: Int = 5,
        type: Int = 1326,
        uid: Int = 999,
        comm: String = "\"exe\"",
        signal: Int = 31,
        arch: String = "40000003",
        call: String = "20"
    ) -> String {
        """
        \(origin),1234,60642397933,-;audit: type=\(type) audit(1795321673.316:943): auid=4294967295 uid=\(uid) gid=999 \
        ses=4294967295 pid=32763 comm=\(comm) exe="/run/dvm/guest" sig=\(signal) arch=\(arch) syscall=\(call) compat=1 \
        ip=0x5603ed6bb1df code=0x80000000
         SUBSYSTEM=x

        """
    }

    private static func call(_ architecture: String, _ number: UInt32) -> SessionFacts.SystemCall {
        SessionFacts.SystemCall(architecture: architecture, number: number, times: 1)
    }

    @Test(
        arguments: [
            (record(), call("i386", 20)), (record(arch: "c000003e", call: "1073741863"), call("x32", 39)),
            (record(arch: "c000003e", call: "39"), call("x86_64", 39)),
            (record(arch: arm, call: "470"), call("aarch64", 470)),
            // A 32-bit number has no such bit.
            (record(arch: "40000028", call: "1073741863"), call("arm", 1_073_741_863)),
            (record(arch: "80000016", call: "1"), call("80000016", 1)),
            // What a process calls itself: the kernel writes it in hexadecimal when it is not plain.
            (record(comm: "7569643D31"), call("i386", 20)),
            // Written by a program, whatever it claims to be: its origin is never the kernel's.
            (record(origin: 13), nil), (record(origin: 8), nil),
            (record(uid: 1000), nil), (record(uid: 9990), nil), (record(type: 1300), nil), (record(signal: 0), nil),
            (record(arch: "x"), nil), (record(call: "-1"), nil), (record(call: "99999999999"), nil),
            ("", nil), (";", nil), ("5", nil), ("5,1,2,-;", nil), ("5,1,2,-;audit: type=1326", nil),
            ("x,1,2,-;audit: type=1326 uid=999 sig=31 arch=40000003 syscall=20", nil),
            ("5,1,2,-;usb: audit: type=1326 uid=999 sig=31 arch=40000003 syscall=20", nil),
        ] as [(String, SessionFacts.SystemCall?)]
    )
    func `is read for calls that ended processes of the agent`(record: String, call: SessionFacts.SystemCall?) {
        #expect(KernelLog.call(in: record, of: 999) == call)
    }

    @Test func `takes the first word of a name, so that nothing behind it counts`() {
        let forged = Self.record().replacing("code=", with: "uid=1000 syscall=1 code=")
        #expect(KernelLog.call(in: forged, of: 999) == Self.call("i386", 20))
        #expect(KernelLog.call(in: forged, of: 1000) == nil)
    }

    @Test func `is told with numbers only, and with whose they may be`() {
        let calls = [
            SessionFacts.SystemCall(architecture: "i386", number: 20, times: 3),
            SessionFacts.SystemCall(architecture: "x32", number: 39, times: 1),
        ]
        let text =
            "processes that the kernel ended for a system call the filter never lets pass: 4 (20 of i386, 39 of x32)"
        #expect(KernelLog.note(calls, mayBeOthers: false) == SessionNote(.warning, text))
        let other = "; they may be of a session that ran beside this one"
        #expect(KernelLog.note(calls, mayBeOthers: true) == SessionNote(.warning, text + other))
        #expect(KernelLog.note([], mayBeOthers: true) == nil)
    }

    @Test func `is not there where it cannot be read`() {
        guard let log = KernelLog("/none") else { return }
        _ = consume log
        Issue.record("it was opened")
    }
}
