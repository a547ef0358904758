import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// Where a session may connect to: pure rules, tried with what an agent would try.
@Suite struct `Network rules` {
    // MARK: Addresses

    @Test(arguments: [
        ("0.0.0.0", true), ("10.1.2.3", true), ("100.64.0.1", true), ("100.128.0.1", false), ("127.255.0.1", true),
        ("169.254.169.254", true), ("172.15.0.1", false), ("172.16.0.1", true), ("172.31.255.255", true),
        ("172.32.0.1", false), ("192.168.5.2", true), ("192.0.2.1", true), ("198.18.0.1", true), ("198.20.0.1", false),
        ("224.0.0.251", true), ("255.255.255.255", true), ("168.63.129.16", true), ("1.1.1.1", false),
        ("140.82.121.4", false), ("::", true), ("::1", true), ("::ffff:10.0.0.1", true), ("::ffff:1.1.1.1", false),
        ("::10.0.0.1", true), ("64:ff9b::a00:1", true), ("fd00::1", true), ("fe80::1", true), ("ff02::fb", true),
        ("2001::1", true), ("2001:db8::1", true), ("2002:a00:1::1", true), ("2606:4700::1111", false),
        ("2a00:1450::1", false), ("4000::1", true), ("8000::1", true),
    ])
    func `closed addresses are those that are not the internet's`(text: String, closed: Bool) throws {
        #expect((ClosedAddresses.reason(try #require(IPAddress(text))) != nil) == closed)
    }

    @Test(arguments: ["127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "1.2.3.4 ", "1.2.3", "fe80::1%lo", "", "a"])
    func `an address in an unusual spelling is none`(text: String) { #expect(IPAddress(text) == nil) }

    @Test func `an address is written as it was read`() {
        for text in ["1.2.3.4", "2606:4700::1111", "::1", "ff02::fb"] { #expect(IPAddress(text)?.description == text) }
        #expect(IPAddress("::ffff:1.2.3.4")?.description == "1.2.3.4")
    }

    @Test func `a routing table tells the neighbours from the world`() throws {
        let route = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t0205A8C0\t0003\t0\t0\t200\t00000000\t0\t0\t0
            eth0\t0005A8C0\t00000000\t0001\t0\t0\t200\t00FFFFFF\t0\t0\t0
            wg0\t0000630B\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
            eth0\t00000A05\t0205A8C0\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0
            """
        let route6 = """
            20010db8000000000000000000000000 40 \(zeros) 00 \(zeros) 00000100 00000001 00000000 00000001 eth0
            2a001450000000000000000000000005 80 \(zeros) 00 \(zeros) 00000000 00000002 00000000 80200001 lo
            00000000000000000000000000000000 00 \(zeros) 00 \(zeros) ffffffff 00000001 00000000 00200200 lo
            """
        let near = Neighbourhood(route: route, route6: route6)
        let found = near.ranges.map(\.description)
        #expect(found == ["192.168.5.0/24", "11.99.0.0/16", "2001:db8::/64", "2a00:1450::5/128"])
        #expect(near.leadsOut && !near.leadsOut6)
        #expect(near.contains(try #require(IPAddress("11.99.3.4"))))
        #expect(!near.contains(try #require(IPAddress("11.100.0.1"))))
    }

    @Test func `an address of which the kernel does not say whose it is counts as near`() throws {
        let far = try #require(IPAddress("1.1.1.1"))
        func isNear(by path: String) throws -> Bool {
            let context = GateContext(
                rules: DestinationRules(NetworkPolicy(), domains: []),
                journal: GateJournal(log: .standardOutput),
                routes: try KernelFile(path),
                routes6: nil,
                maker: nil
            )
            return context.isNear(far)
        }
        #expect(try !isNear(by: "/proc/self/net/route"))
        // A directory can be opened and not read; a table that is cut off may lack the one line that counts.
        #expect(try isNear(by: "/"))
        let scratch = ScratchDirectory()
        try scratch.write(String(repeating: "\n", count: 1 << 20), to: "long")
        #expect(try isNear(by: scratch("long")))
        #expect(try KernelFile.ifPresent("/proc/self/net/absent") == nil)
    }

    @Test func `an address counts as this machine's when there are no descriptors to ask with`() async {
        await #expect(processExitsWith: .success) {
            guard let far = IPAddress("1.1.1.1"), !Sockets.isOwn(far) else { exit(1) }
            var none = rlimit(rlim_cur: 3, rlim_max: 3)
            guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none) == 0 else { exit(2) }
            exit(Sockets.isOwn(far) ? 0 : 3)
        }
    }

    private var zeros: String { String(repeating: "0", count: 32) }

    @Test func `tables of the kernel that make no sense are read as far as they do`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let text = String(decoding: (0..<200).map { _ in UInt8.random(in: 9...90, using: &random) }, as: UTF8.self)
            _ = Neighbourhood(route: text, route6: text)
            _ = ListeningPorts.read(text)
            _ = Resolvers.read(text)
            _ = NameLookup.addresses(text)
        }
    }

    // MARK: Decisions

    private func rules(_ uplink: NetworkPolicy.Uplink, _ hosts: String...) throws -> DestinationRules {
        DestinationRules(try NetworkPolicy(uplink, hosts: hosts), domains: ["api.example.org"])
    }

    private func answer(_ rules: DestinationRules, _ address: String, _ port: UInt16, near: Bool = false) throws
        -> DestinationRules.Answer
    {
        rules.address(Endpoint(try #require(IPAddress(address)), port)) { _ in near }
    }

    @Test func `a host is allowed by its exact name and port`() throws {
        let rules = try rules(.allow, "git.example.org:22", "pypi.org")
        let allowed = [("api.example.org", 443), ("git.example.org", 22), ("pypi.org", 443)] as [(String, UInt16)]
        for (host, port) in allowed { #expect(rules.host(host, port: port) == .allowed) }
        let refused =
            [("api.example.org", 80), ("a.api.example.org", 443), ("example.org", 443), ("pypi.org", 80)]
            as [(String, UInt16)]
        for (host, port) in refused {
            guard case .refused(_, let remedy) = rules.host(host, port: port) else {
                Issue.record("\(host):\(port) is allowed")
                continue
            }
            #expect(remedy == HostRule(host: host, port: port).description)
        }
    }

    @Test func `a private address is reached when it is named itself, at that port`() throws {
        let rules = try rules(.allow, "git.corp.example", "10.1.2.3", "127.0.0.1:80")
        #expect(try answer(rules, "10.1.2.3", 443) == .allowed)
        for (address, port) in [("10.1.2.3", 80), ("10.1.2.4", 443)] as [(String, UInt16)] {
            guard case .refused(_, let remedy) = try answer(rules, address, port) else {
                Issue.record("\(address):\(port) is allowed")
                continue
            }
            #expect(remedy == HostRule(host: address, port: port).description)
        }
        // DVM_AI_LOCAL is for these.
        #expect(try answer(rules, "127.0.0.1", 80) == .refused(why: "it is this machine itself", remedy: nil))
        #expect(try answer(rules, "::1", 80) == .refused(why: "it is this machine itself", remedy: nil))
    }

    @Test func `an address of the internet is closed when a neighbour has it`() throws {
        #expect(try answer(rules(.open), "11.99.0.1", 443) == .allowed)
        #expect(try answer(rules(.open), "11.99.0.1", 443, near: true) != .allowed)
        #expect(try answer(rules(.open, "11.99.0.1"), "11.99.0.1", 443, near: true) == .allowed)
    }

    @Test(arguments: [53, 853] as [UInt16])
    func `other resolvers are closed`(port: UInt16) throws {
        #expect(try answer(rules(.open), "1.1.1.1", port) != .allowed)
    }

    // MARK: Requests

    private func read(_ text: String) -> Result<ProxyRequest, ProxyRequest.Fault> {
        do throws(ProxyRequest.Fault) {
            return .success(try ProxyRequest(Array(text.utf8)))
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [
        ("CONNECT api.example.org:443 HTTP/1.1\r\n\r\n", "api.example.org", 443),
        ("CONNECT API.Example.ORG.:443 HTTP/1.1\r\nHost: evil.test\r\n\r\n", "api.example.org", 443),
        ("CONNECT 10.0.0.1:443 HTTP/1.1\r\n\r\n", "10.0.0.1", 443),
        ("GET http://pypi.org/a?b HTTP/1.1\r\n\r\n", "pypi.org", 80),
        ("GET HTTP://pypi.org:8080 HTTP/1.0\r\n\r\n", "pypi.org", 8080),
    ])
    func `requests name their host`(text: String, host: String, port: UInt16) throws {
        let request = try read(text).get()
        #expect(request.host == host && request.port == port)
    }

    @Test func `a plain request is sent on for its own host, alone, and without what is the proxy's`() throws {
        let text =
            "POST http://pypi.org/x?y#z HTTP/1.1\r\nHost: evil.test\r\nConnection: keep-alive, X-Drop\r\nX-Drop: 1\r\n"
            + "Proxy-Authorization: secret\r\nUpgrade: h2c\r\nContent-Length: 5\r\nX-Keep: a: b\r\n\r\n"
        let head =
            "POST /x?y HTTP/1.1\r\nHost: pypi.org\r\ncontent-length: 5\r\nx-keep: a: b\r\nConnection: close\r\n\r\n"
        #expect(try read(text).get().form == .plain(head: Array(head.utf8), body: 5))
    }

    @Test(arguments: [
        "CONNECT 127.1:443 HTTP/1.1\r\n\r\n", "CONNECT 2130706433:443 HTTP/1.1\r\n\r\n",
        "CONNECT 0x7f000001:443 HTTP/1.1\r\n\r\n", "CONNECT 0177.0.0.1:443 HTTP/1.1\r\n\r\n",
        "CONNECT a.0x1:443 HTTP/1.1\r\n\r\n", "CONNECT [::1]:443 HTTP/1.1\r\n\r\n",
        "CONNECT [::ffff:127.0.0.1]:443 HTTP/1.1\r\n\r\n", "CONNECT api.example.org:0 HTTP/1.1\r\n\r\n",
        "CONNECT api.example.org:65536 HTTP/1.1\r\n\r\n", "CONNECT api.example.org HTTP/1.1\r\n\r\n",
        "CONNECT api.example.org:443:443 HTTP/1.1\r\n\r\n", "CONNECT user@api.example.org:443 HTTP/1.1\r\n\r\n",
        "CONNECT api.example.org%00.evil:443 HTTP/1.1\r\n\r\n", "CONNECT :443 HTTP/1.1\r\n\r\n",
        "CONNECT api..example.org:443 HTTP/1.1\r\n\r\n", "CONNECT -v:443 HTTP/1.1\r\n\r\n",
        "GET http://user:pw@pypi.org/ HTTP/1.1\r\n\r\n", "GET http://pypi.org\\@evil.test/ HTTP/1.1\r\n\r\n",
        "GET /index HTTP/1.1\r\n\r\n", "GET https://pypi.org/ HTTP/1.1\r\n\r\n", "GET ftp://pypi.org/ HTTP/1.1\r\n\r\n",
        "GET http://pypi.org/ HTTP/2\r\n\r\n", "GET http://pypi.org/\r\n\r\n", "GET  http://pypi.org/ HTTP/1.1\r\n\r\n",
        "\r\n\r\n", "GET http://pypi.org/ HTTP/1.1\nHost: a\r\n\r\n",
        "GET http://pypi.org/ HTTP/1.1\r\n folded\r\n\r\n",
        "GET http://pypi.org/ HTTP/1.1\r\nHost : a\r\n\r\n", "GET http://pypi.org/ HTTP/1.1\r\nA: b\rC: d\r\n\r\n",
        "GET http://pypi.org/ HTTP/1.1\r\nA: \u{1}\r\n\r\n",
        "GET http://pypi.org/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET http://pypi.org/ HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
        "GET http://pypi.org/ HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
        "GET http://pypi.org/ HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST http://pypi.org/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST http://pypi.org/ HTTP/1.1\r\nTransfer-Encoding:\tx\r\nContent-Length: 3\r\n\r\n",
        "GET http://pypi.org/ HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 200) + "\r\n",
    ])
    func `a request that two readers may understand differently is refused`(text: String) {
        guard case .failure(let fault) = read(text) else {
            Issue.record("taken: \(text)")
            return
        }
        #expect([400, 411].contains(fault.status))
    }

    @Test func `random heads are read or refused`() {
        let seeds = [
            "CONNECT api.example.org:443 HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://pypi.org/ HTTP/1.1\r\nA: b\r\n\r\n",
        ]
        var random = SystemRandomNumberGenerator()
        for round in 0..<4000 {
            var bytes = Array(seeds[round % 2].utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = bytes.indices.randomElement(using: &random) ?? 0
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
                }
            }
            _ = ProxyRequest.end(of: bytes)
            guard let request = try? ProxyRequest(bytes) else { continue }
            #expect(HostRule.name(request.host) == request.host && request.port > 0)
            if case .plain(let head, _) = request.form { #expect(ProxyRequest.end(of: head) == head.count) }
        }
    }

    // MARK: TLS

    /// A client's first message for some names, cut into records of a size.
    private func hello(_ names: [String], recordSize: Int = 4096, extra: [UInt8] = []) -> [UInt8] {
        func block(_ bytes: [UInt8], _ size: Int) -> [UInt8] {
            (0..<size).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * (size - 1 - $0))) } + bytes
        }
        let entries = names.map { [0, 0] + block(block([0] + block(Array($0.utf8), 2), 2), 2) }
        let extensions = [0, 23, 0, 0] + entries.joined() + extra
        let body =
            [3, 3] + [UInt8](repeating: 7, count: 32) + block([], 1) + block([19, 1], 2) + block([0], 1)
            + block(Array(extensions), 2)
        let message = [1] + block(body, 3)
        var records: [UInt8] = []
        var rest = message[...]
        while !rest.isEmpty {
            records += [22, 3, 1] + block(Array(rest.prefix(recordSize)), 2)
            rest = rest.dropFirst(recordSize)
        }
        return records
    }

    @Test(arguments: [1, 2, 5, 64, 4096])
    func `the name in a ClientHello is found however it is cut`(size: Int) {
        let bytes = hello(["API.example.org"], recordSize: size)
        #expect(ClientHello.read(bytes) == .server("api.example.org"))
        for count in 1..<bytes.count { #expect(ClientHello.read(Array(bytes[..<count])) == .incomplete) }
    }

    @Test func `a ClientHello without one name, or with two, is told from one with it`() {
        #expect(ClientHello.read(hello([])) == .server(nil))
        #expect(ClientHello.read(hello(["a.test", "b.test"])) == .malformed)
        #expect(ClientHello.read(hello(["a.test\0b"])) == .malformed)
        #expect(ClientHello.read(hello(["a.test"], extra: [0, 9, 0, 200])) == .malformed)
        #expect(ClientHello.read(Array("SSH-2.0-x\r\n".utf8)) == .other)
        #expect(ClientHello.read([22, 3, 1, 255, 255]) == .malformed)
        #expect(ClientHello.read([22, 3, 1, 0, 0]) == .malformed)
        #expect(ClientHello.read([22, 3, 1, 0, 4, 1, 255, 255, 255]) == .malformed)
    }

    @Test func `random ClientHellos are read or refused`() {
        let seed = hello(["api.example.org"], recordSize: 60)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<4000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = ClientHello.read(Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))))
        }
    }

    @Test func `a tunnel is for the host it was made to`() {
        let good = hello(["api.example.org"])
        #expect(TunnelCheck.judge(good, host: "api.example.org", port: 443) == .passes)
        #expect(TunnelCheck.judge(Array(good.prefix(9)), host: "api.example.org", port: 443) == .more)
        let others: [([UInt8], String, UInt16)] = [
            (good, "pypi.org", 443), (hello([]), "pypi.org", 443), (Array("GET / HTTP/1.1".utf8), "pypi.org", 443),
            (good, "pypi.org", 8443), (good, "10.0.0.1", 443),
        ]
        for (bytes, host, port) in others {
            guard case .refused = TunnelCheck.judge(bytes, host: host, port: port) else {
                Issue.record("\(host):\(port) passes")
                continue
            }
        }
        #expect(TunnelCheck.judge(Array("SSH-2.0-x\r\n".utf8), host: "git.test", port: 22) == .passes)
        #expect(TunnelCheck.judge(hello([]), host: "10.0.0.1", port: 443) == .passes)
    }

    // MARK: The rest

    @Test func `who resolves names is read from resolv.conf`() {
        let text = "# x\nsearch corp\nnameserver 192.168.5.3\nnameserver fe80::1%eth0\nnameserver 127.0.0.53\n"
        #expect(Resolvers.read(text).map(\.description) == ["192.168.5.3", "127.0.0.53"])
        #expect(Resolvers.read("") == [.loopback])
    }

    @Test func `who listens is read from the kernel's table`() {
        let table = """
              sl  local_address rem_address   st tx_queue
               0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000
               1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000
               2: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0
            """
        #expect(ListeningPorts.read(table) == [3000, 80])
    }

    @Test func `addresses are read from what getent prints`() {
        let text = "1.2.3.4 STREAM example.org\n1.2.3.4 DGRAM\n1.2.3.4 RAW\n2606::1 STREAM\nnonsense STREAM\n"
        #expect(NameLookup.addresses(text).map(\.description) == ["1.2.3.4", "2606::1"])
    }

    @Test func `tools are led to the proxy where there is one`() throws {
        #expect(try NetworkPolicy(.open).proxyVariables == [:])
        let variables = try NetworkPolicy(.allow, local: [3128]).proxyVariables
        for name in ["HTTP_PROXY", "https_proxy", "ALL_PROXY"] { #expect(variables[name] == "http://127.0.0.1:3129") }
        #expect(variables["NO_PROXY"] == "localhost,127.0.0.1,::1")
    }

    @Test func `a port that is let in from the VM is not served to it`() throws {
        #expect(try NetworkPolicy(.allow, local: [8777], served: [3000, 8777, 3128]).servable == [3000])
    }

    @Test func `what was refused is told once, with the way to allow it`() {
        let journal = GateJournal(log: FileDescriptor(rawValue: -1))
        for _ in 0..<3 { journal.refuse("a.test:443", why: "it is not allowed", remedy: "a.test") }
        for number in 0..<400 { journal.refuse("b\(number).test:443", why: "no", remedy: nil) }
        let notes = journal.notes
        #expect(
            notes.first
                == SessionNote(
                    .notice,
                    "refused a connection to a.test:443 3 times: it is not allowed; to allow it, write "
                        + "DVM_AI_HOSTS=\"… a.test\" in the VM's configuration and run `dvm sync`"
                )
        )
        #expect(notes.count == 9)
        #expect(notes.last == SessionNote(.notice, "refused connections to 393 more addresses"))
    }
}
