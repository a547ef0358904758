import DVMProtocol
import Foundation
import Glibc
import TestSupport
import Testing

/// A network for a VM, with a world beyond its gateway in which one server answers to every name it is asked for.
private final class PretendWorld {
    let vm = "dvm-vm-\(UUID().uuidString.prefix(8))"
    private let world = "dvm-world-\(UUID().uuidString.prefix(8))"
    private let server = Process()
    /// The server's, an address of the internet.
    static let address = "11.22.33.44"

    init(in directory: URL) throws {
        let ip = "/usr/sbin/ip"
        try Self.run(
            """
            \(ip) netns add \(world); \(ip) netns add \(vm); \(ip) -n \(world) link set lo up; \(ip) -n \(vm) link set lo up
            \(ip) -n \(vm) link add uplink type veth peer name downlink netns \(world)
            \(ip) -n \(vm) addr add 10.9.0.2/24 dev uplink; \(ip) -n \(world) addr add 10.9.0.1/24 dev downlink
            \(ip) -n \(world) addr add \(Self.address)/32 dev lo
            \(ip) -n \(vm) link set uplink up; \(ip) -n \(world) link set downlink up
            \(ip) -n \(vm) route add default via 10.9.0.1
            cd '\(directory.path)'
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -out certificate \
                -days 2 -subj /CN=world.test 2>/dev/null
            cat certificate >>key
            """
        )
        let servers = Products.repository.appending(path: "Tests/Support/network/servers").path
        let output = directory.appending(path: "ready")
        try Data().write(to: output)
        server.executableURL = URL(filePath: "/usr/bin/nsenter")
        server.arguments = [
            "--net=/run/netns/\(world)", servers, "tls", Self.address, "443", directory.appending(path: "key").path,
        ]
        server.standardOutput = try FileHandle(forWritingTo: output)
        try server.run()
        while try Data(contentsOf: output) != Data("ready\n".utf8) {
            guard server.isRunning else {
                throw MissingPrerequisite("the server ended with \(server.terminationStatus)")
            }
            usleep(20_000)
        }
    }

    deinit {
        // What Foundation starts may have other signals blocked.
        if server.isRunning, server.processIdentifier > 1 { kill(server.processIdentifier, SIGKILL) }
        for name in [world, vm] { try? Self.run("/usr/sbin/ip netns del \(name)") }
    }

    private static func run(_ script: String) throws {
        let shell = try Process.run(URL(filePath: "/bin/sh"), arguments: ["-ec", script])
        shell.waitUntilExit()
        guard shell.terminationStatus == 0 else { throw MissingPrerequisite("this failed: \(script)") }
    }
}

/// With `DVM_AI_NET=allow`, from the name of a tool to what answers its session over TLS.
@Suite(.serialized) struct `The hosts of a tool, over pipes` {
    private static let hosts = Set(Tool.all.flatMap(\.domains)).sorted()
    /// Asks each for a page, and says what the proxy and the server answered.
    private static let script = """
        #!/bin/bash
        for host in \(hosts.joined(separator: " ")); do
            printf '%s %s\\n' $host "$(curl -sSk -m 30 -o /dev/null -w '%{http_connect} %{http_code}' https://$host/ 2>/dev/null)"
        done
        """

    @Test(arguments: Tool.all.map(\.name))
    func `are what its session reaches, and those of others are not`(name: String) throws {
        let tool = try Tool.named(name)
        let vm = try PretendVM()
        let world = try PretendWorld(in: vm.directory)
        vm.network = world.vm
        let names = Self.hosts.map { "\(PretendWorld.address) \($0)\n" }.joined()
        try "127.0.0.1 localhost\n\(names)".write(
            to: vm.directory.appending(path: "hosts"),
            atomically: true,
            encoding: .utf8
        )
        vm.coverings = ["mount --bind '\(vm.directory.path)/hosts' /etc/hosts"]
        try vm.configure(##""network":{"uplink":"allow","hosts":[],"local":[],"served":[]}"##)

        let outcome: GuestClient.Outcome
        if name == "shell" {
            let arguments = ["--norc", "-c", Self.script]
            outcome = try GuestClient(vm).run(Program(.tool(name: name, arguments: arguments)))
        } else {
            let program = String(try #require(tool.program.split(separator: "/").last))
            try vm.install(program, of: name, Self.script)
            outcome = try GuestClient(vm).run(Program(.tool(name: name, arguments: [])))
        }
        let expected = Self.hosts.map { "\($0) \(tool.domains.contains($0) ? "200 200" : "403 000")" }
        #expect(outcome.text.split(separator: "\n").map(String.init) == expected, "\(outcome.complaint)")
        // Every tool leaves out some that another one has.
        #expect(expected.contains { $0.hasSuffix("403 000") })
        // The control: the VM itself reaches each of them.
        let control = try GuestClient(vm).run(Program(.words(["bash", "-c", Self.script])))
        let all = Self.hosts.map { "\($0) 000 200" }
        #expect(control.text.split(separator: "\n").map(String.init) == all, "\(control.complaint)")
    }
}
