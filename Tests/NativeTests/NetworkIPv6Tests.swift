import DVMProtocol
import TestSupport
import Testing

@testable import dvm_guest

/// What a session reaches by IPv6, in a VM that has nothing else, or both.
@Suite struct `The network of a session, over IPv6` {
    private typealias Far = NetworkStage

    /// Whether something answers at port 80 of each, a line for each.
    private func look(_ hosts: [String]) -> String {
        hosts.map { "printf '%s ' '\($0)'; \(reach($0, 80))" }.joined(separator: "\n")
    }

    private func lines(_ hosts: [String], _ answer: String) -> String { hosts.map { "\($0) \(answer)\n" }.joined() }

    /// Each answers the VM itself, which is the control.
    private static let closed =
        [Far.private6, Far.gateway6, Far.own6, Far.neighbour6, "2a0b:99::2", "fe80::1%uplink", "::ffff:\(Far.gateway)"]
        + Far.embedded6

    @Test func `open reaches the internet, and no address that is not of it`() throws {
        let stage = try NetworkStage(.v6)
        // At all of their addresses.
        for place in [stage.world, stage.vm] { try stage.serve(["http", "::", "80"], in: place) }
        let hosts = [Far.far6] + Self.closed
        #expect(try stage.control(look(hosts)) == lines(hosts, "open"))
        let found = try stage.output(look(hosts), NetworkPolicy(.open))
        #expect(found == lines([Far.far6], "open") + lines(Self.closed, "closed"))
        #expect(try stage.log().contains(#""target":"[2a0c:22::44]:80""#))
        // By the only interface that a session has; and what is nobody's anywhere.
        let more = ["fe80::1%lo", "fe80::1", "::", "::1", "::\(Far.gateway)", "fec0::1"]
        #expect(try stage.output(look(more), NetworkPolicy(.open)) == lines(more, "closed"))
    }

    /// Where there are both, sessions have IPv4 alone, so nothing is left open by the other.
    @Test func `there is none where the VM has both`() throws {
        let stage = try NetworkStage(.both)
        try stage.serve(["http", "::", "80"], in: stage.world)
        let hosts = [Far.far, Far.far6, Far.private6, Far.gateway6, Far.neighbour6, "fe80::1%uplink"] + Far.embedded6
        #expect(try stage.control(look(hosts)) == lines(hosts, "open"))
        let found = try stage.output(look(hosts), NetworkPolicy(.open))
        #expect(found == lines([Far.far], "open") + lines(Array(hosts.dropFirst()), "closed"))
    }

    @Test func `no datagram of a session reaches a multicast address`() throws {
        let stage = try NetworkStage(.v6)
        try stage.serve(["group", "ff15::7", "9999", "downlink"], in: stage.world)
        func ask(_ interface: String) -> String {
            """
            /usr/bin/python3 - <<'END'
            import socket
            try:
                s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
                s.settimeout(1)
                answer = b"nobody"
                # An interface that has just come up loses some.
                for _ in range(5):
                    s.sendto(b"who", ("ff15::7", 9999, 0, socket.if_nametoindex("\(interface)")))
                    try: answer = s.recv(10); break
                    except TimeoutError: pass
            except OSError as error:
                answer = b"nobody"
            print(answer.decode())
            END
            """
        }
        #expect(try stage.control(ask("uplink")) == "here\n")
        #expect(try stage.output(ask("lo"), NetworkPolicy(.open)) == "nobody\n")
    }

    @Test func `the proxy follows no name to an address that is not of the internet`() throws {
        let stage = try NetworkStage(.v6)
        try stage.serve(["http", "::", "80"], in: stage.world)
        let names = ["world6.test", "inner6.test", "embedded6.test"]
        let script = names.map { "curl -sS -m 10 -o /dev/null -w '%{http_code} ' http://\($0)/" }.joined(
            separator: "\n"
        )
        let policy = try NetworkPolicy(.allow, hosts: names.map { "\($0):80" })
        #expect(try stage.output(script, policy) == "200 403 403 ")
        #expect(try stage.control(script) == "200 200 200 ")
    }
}
