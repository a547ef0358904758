import DVMProtocol
import Glibc
import Testing

@testable import dvm_guest

@Suite struct `Who listens in a VM` {
    @Test func `is read from the kernel's tables`() throws {
        let v4 = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
               1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22 1 0000000000000000 100 0 0 10 0
               2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000
               3: 0100007F:0BB9 00000000:0000 0A
               4: 0100:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 9 1
               5: zzzzzzzz:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 9 1
            """
        #expect(
            ListeningSocket.read(v4) == [
                ListeningSocket(end: Endpoint(.loopback, 3000), uid: 1000, inode: 4711),
                ListeningSocket(end: Endpoint(IPAddress(v4: 0), 22), uid: 0, inode: 22),
            ]
        )
        let v6 = """
              sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 5 1
               1: 000080FE00000000FF005452345612FE:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 6 1
            """
        #expect(ListeningSocket.read(v6).map(\.end.description) == ["[::1]:80", "[fe80::5254:ff:fe12:5634]:81"])
        #expect(ListeningSocket.read("") == [])
    }

    @Test(
        arguments: [
            ("socket:[4711]", 4711), ("socket:[]", nil), ("socket:[-1]", nil), ("pipe:[4711]", nil),
            ("/socket:[1]", nil),
        ] as [(String, UInt64?)]
    )
    func `a descriptor names its socket`(link: String, inode: UInt64?) {
        #expect(ProcessSockets.inode(link) == inode)
    }

    @Test(
        arguments: [
            ("0::/dvm/agents/20261121-153012-9f3a\n", "20261121-153012-9f3a"),
            ("1:name=x:/\n0::/dvm/agents/20261121-153012-9f3a/below\n", "20261121-153012-9f3a"),
            ("0::/dvm/supervisors\n", nil), ("0::/dvm/agents/other\n", nil), ("", nil),
            // A group of that name that somebody else made.
            ("0::/user.slice/user-1000.slice/dvm/agents/20261121-153012-9f3a\n", nil),
            ("1:x:/dvm/agents/20261121-153012-9f3a\n", nil),
        ] as [(String, String?)]
    )
    func `a process is in the session whose group it is in`(groups: String, session: String?) {
        #expect(ProcessSockets.session(groups)?.text == session)
    }

    @Test func `this very process is found, at the address it listens at`() throws {
        let listener = try Sockets.listener(Endpoint(.loopback, 0))
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(listener.raw.rawValue, $0, &length)
            }
        }
        try #require(found == 0)
        let port = UInt16(bigEndian: address.sin_port)
        let name = try TextFile.read("/proc/self/comm").prefix { $0 != "\n" }

        let ours = try PortTask.list().filter { $0.port == port }
        #expect(
            ours == [
                ListeningPort(
                    address: "127.0.0.1",
                    port: port,
                    uid: geteuid(),
                    user: try Accounts.read().names(withUid: geteuid()).first,
                    program: String(name)
                )
            ]
        )
    }

    @Test func `is told by port, the VM's own first, each once`() throws {
        let session = try SessionID("20261121-153012-9f3a")
        func port(_ number: UInt16, _ address: String = "127.0.0.1", session: SessionID? = nil) -> ListeningPort {
            ListeningPort(address: address, port: number, uid: 0, session: session)
        }
        #expect(
            PortTask.inOrder([port(80, session: session), port(90), port(80, "::"), port(80), port(90)])
                == [port(80), port(80, "::"), port(80, session: session), port(90)]
        )
    }
}
