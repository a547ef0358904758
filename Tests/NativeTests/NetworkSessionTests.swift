import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

@testable import dvm_guest

/// Whether a TCP connection can be made and something comes back, as bash can try it: prints `open` or `closed`.
func reach(_ host: String, _ port: Int) -> String {
    """
    if timeout 5 bash -c 'exec 3<>/dev/tcp/\(host)/\(port); printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; IFS= read -r -t 4 l <&3 \
    && [ -n "$l" ]' 2>/dev/null; then echo open; else echo closed; fi
    """
}

/// Every session has a network of its own; what lies behind it is the policy's choice.
@Suite struct `The network of a session` {
    let stage: NetworkStage
    private typealias Far = NetworkStage

    init() throws { stage = try NetworkStage() }

    // MARK: open

    @Test func `open reaches the internet, by address and by name`() throws {
        try stage.serve(["http", Far.far, "80", "world"], in: stage.world)
        try stage.serve(["tls", Far.far, "443", stage.certificate()], in: stage.world)
        try stage.serve(["names", Far.gateway, "far.test=\(Far.far)"], in: stage.world)
        let script = """
            curl -sS -m 10 http://\(Far.far)/a; curl -sS -m 10 http://far.test/b; curl -sSk -m 10 https://far.test/c
            curl -sS -m 10 http://missing.test/ 2>&1 | grep -o 'Could not resolve'
            curl -sS -m 10 --data-binary @/usr/bin/bash http://far.test/d
            """
        let size = try #require(FileManager.default.attributesOfItem(atPath: "/usr/bin/bash")[.size] as? Int)
        let expected = """
            GET /a HTTP/1.1|\(Far.far)|0|world
            GET /b HTTP/1.1|far.test|0|world
            GET /c HTTP/1.1|far.test|0|
            Could not resolve
            POST /d HTTP/1.1|far.test|\(size)|world

            """
        #expect(try stage.output(script, NetworkPolicy(.open)) == expected)
        #expect(try stage.log().contains(#""target":"11.22.33.44:80""#))
    }

    @Test func `open asks the VM's resolver over a stream too`() throws {
        try stage.serve(["names", Far.gateway, "far.test=\(Far.far)"], in: stage.world)
        let script = """
            printf 'options use-vc\\n' > ~/r; RES_OPTIONS=use-vc getent ahostsv4 far.test | cut -d ' ' -f 1 | sort -u
            """
        #expect(try stage.output(script, NetworkPolicy(.open)) == "\(Far.far)\n")
    }

    @Test(
        arguments: [
            ("the gateway", NetworkStage.gateway, 80, "world"), ("the VM's own address", NetworkStage.own, 80, "vm"),
            ("a neighbour with an address of the internet", NetworkStage.neighbour, 80, "world"),
            ("the VM's own address of the internet", "11.99.0.2", 80, "vm"),
            ("the VM's loopback", "127.0.0.1", 80, "vm"),
            ("a private address written as IPv6", "::ffff:10.9.0.1", 80, "world"),
            ("names at another resolver", NetworkStage.far, 53, "world"),
        ]
    )
    func `open does not reach`(what: String, host: String, port: Int, place: String) throws {
        let address = host.hasPrefix("::ffff") ? NetworkStage.gateway : host
        try stage.serve(["http", address, "\(port)"], in: place == "vm" ? stage.vm : stage.world)
        #expect(try stage.output(reach(host, port), NetworkPolicy(.open)) == "closed\n", "\(what)")
        #expect(try stage.control(reach(host, port)) == "open\n", "the control: \(what)")
    }

    @Test func `open has no other way out than connections of TCP`() throws {
        let script = """
            /usr/bin/python3 - <<'END'
            import socket
            def attempt(what, body):
                try: body(); print(what, "open")
                except OSError as error: print(what, "closed")
            def datagram(host, port):
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2)
                s.connect((host, port)); s.send(b"x" * 20); s.recv(10)
            attempt("datagram", lambda: datagram("\(Far.far)", 443))
            attempt("resolver", lambda: datagram("\(Far.gateway)", 53))
            attempt("ping", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1))
            attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 255))
            attempt("packet", lambda: socket.socket(17, socket.SOCK_RAW, 0))
            print(sorted(name for _, name in socket.if_nameindex()))
            END
            """
        let expected = "datagram closed\nresolver closed\nping closed\nraw closed\npacket closed\n['lo']\n"
        #expect(try stage.output(script, NetworkPolicy(.open)) == expected)
    }

    @Test func `open reaches a private address that is named, at that port alone`() throws {
        for port in ["80", "81"] { try stage.serve(["http", Far.gateway, port], in: stage.world) }
        let script = reach(Far.gateway, 80) + "\n" + reach(Far.gateway, 81)
        #expect(try stage.output(script, NetworkPolicy(.open, hosts: ["\(Far.gateway):80"])) == "open\nclosed\n")
    }

    @Test func `a connection that nobody answers fails`() throws {
        #expect(try stage.output(reach(Far.far, 4444), NetworkPolicy(.open)) == "closed\n")
    }

    // MARK: none

    @Test(arguments: NetworkPolicy.Uplink.allCases)
    func `the VM's loopback and abstract sockets are closed, and its own works`(uplink: NetworkPolicy.Uplink) throws {
        try stage.serve(["http", "127.0.0.1", "8777"], in: stage.vm)
        try stage.serve(["abstract", "dvm-test-bus"], in: stage.vm)
        let script = """
            \(reach("127.0.0.1", 8777))
            /usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("\\0dvm-test-bus"); print("open")' \
            2>/dev/null || echo closed
            """
        #expect(try stage.output(script, NetworkPolicy(uplink)) == "closed\nclosed\n")
        #expect(try stage.control(script) == "open\nopen\n")

        let own = """
            /usr/bin/python3 -m http.server 8777 >/dev/null 2>&1 & for i in {1..50}; do \
            [ "$(\(reach("127.0.0.1", 8777)))" = open ] && echo works && break; sleep 0.1; done
            """
        #expect(try stage.output(own, NetworkPolicy(uplink)) == "works\n")
    }

    @Test func `none and allow have no way out beside the proxy`() throws {
        try stage.serve(["http", Far.far, "80"], in: stage.world)
        for uplink in [NetworkPolicy.Uplink.none, .allow] {
            #expect(try stage.output(reach(Far.far, 80), NetworkPolicy(uplink)) == "closed\n")
        }
        #expect(try stage.control(reach(Far.far, 80)) == "open\n")
    }

    // MARK: Ports

    @Test(arguments: NetworkPolicy.Uplink.allCases)
    func `a local port of the VM is let in, and no other`(uplink: NetworkPolicy.Uplink) throws {
        for port in ["8777", "8778"] { try stage.serve(["http", "127.0.0.1", port], in: stage.vm) }
        let script = [reach("127.0.0.1", 8777), reach("::1", 8777), reach("127.0.0.1", 8778)].joined(separator: "\n")
        #expect(try stage.output(script, NetworkPolicy(uplink, local: [8777])) == "open\nopen\nclosed\n")
    }

    @Test func `a declared port leads to a server of the session while there is one`() throws {
        let network = try NetworkPolicy(.none, served: [3000])
        #expect(try stage.control(reach("127.0.0.1", 3000)) == "closed\n")
        let script = "cd /tmp; /usr/bin/python3 -m http.server --bind 127.0.0.1 3000 & echo ready; wait"
        let session = try stage.session(script, network)
        try session.wait { $0.output.contains("ready") }
        #expect(
            try stage.control(
                "for i in {1..60}; do r=$(\(reach("127.0.0.1", 3000))); [ $r = open ] && break; sleep 0.1; done; echo $r"
            ) == "open\n"
        )
        kill(session.pid, SIGKILL)
        _ = try session.finish()
        #expect(
            try stage.control(
                "for i in {1..60}; do r=$(\(reach("127.0.0.1", 3000))); [ $r = closed ] && break; sleep 0.1; done; echo $r"
            ) == "closed\n"
        )
    }

    @Test func `a declared port that the VM uses itself stays the VM's`() throws {
        try stage.serve(["http", "127.0.0.1", "3000", "the VM's"], in: stage.vm)
        let script = "cd /tmp; /usr/bin/python3 -m http.server 3000 & echo ready; wait"
        let session = try stage.session(script, NetworkPolicy(.none, served: [3000]))
        try session.wait { $0.output.contains("ready") }
        #expect(try stage.control("sleep 1.5; curl -sS http://127.0.0.1:3000/").hasSuffix("|the VM's\n"))
        kill(session.pid, SIGKILL)
    }

    // MARK: The end

    @Test func `nothing is left of a session's network`() throws {
        try stage.serve(["http", Far.far, "80", "world"], in: stage.world)
        let links = "sed 's/:.*//' /proc/net/dev; cut -f 1-3 /proc/net/route"
        let before = try stage.control(links)

        let session = try stage.session("curl -sS http://\(Far.far)/; sleep 60", NetworkPolicy(.open, served: [3000]))
        try session.wait { $0.output.contains("world") }
        #expect(try gates() == 1)
        kill(session.pid, SIGKILL)
        _ = try session.finish()

        for _ in 0..<200 where try gates() > 0 { usleep(50_000) }
        #expect(try gates() == 0)
        #expect(try stage.control(links) == before)
    }

    /// How many gates of this VM run: those that write its logs.
    private func gates() throws -> Int {
        func identity(_ path: String) -> [UInt64]? {
            var status = stat()
            return unsafe stat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
        }
        let folder = "\(stage.sandbox.top)/log/dvm"
        let logs = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
            identity("\(folder)/\($0)")
        }
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
        return processes.filter { identity("/proc/\($0)/fd/1").map(logs.contains) ?? false }.count
    }
}
