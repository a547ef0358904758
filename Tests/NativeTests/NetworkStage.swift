import DVMProtocol
import Foundation
import Glibc
import TestSupport

@testable import dvm_guest

/// A VM and a world beyond its gateway, as network namespaces of this machine, and sessions in that VM.
///
/// The VM is 10.9.0.2, its gateway 10.9.0.1; it is also 11.99.0.2, in a network of its own whose addresses are the
/// internet's. Beyond the gateway is 11.22.33.44, which stands for the internet.
///
/// With IPv6 the same again: fd09::2 and its gateway fd09::1, a network of global addresses 2a0b:99::/64, and beyond the
/// gateway 2a0c:22::44 for the internet, and addresses of every kind that is not the internet's.
final class NetworkStage {
    let sandbox: SandboxStage
    let world = "dvm-world-\(UUID().uuidString.prefix(8))"
    let vm = "dvm-vm-\(UUID().uuidString.prefix(8))"
    private var servers: [pid_t] = []

    static let far = "11.22.33.44"
    static let gateway = "10.9.0.1"
    static let own = "10.9.0.2"
    static let neighbour = "11.99.0.1"

    static let far6 = "2a0c:22::44"
    static let gateway6 = "fd09::1"
    static let own6 = "fd09::2"
    static let neighbour6 = "2a0b:99::1"
    /// In the world, with a way there: of a private network, and of IPv4 in IPv6 (6to4, NAT64).
    static let private6 = "fd77::5"
    static let embedded6 = ["2002:a09:1::1", "64:ff9b::a09:1"]

    /// With which ways to the internet.
    enum Uplink { case v4, v6, both }

    init(_ uplink: Uplink = .v4) throws {
        sandbox = try SandboxStage()
        guard FileManager.default.isExecutableFile(atPath: "/usr/sbin/ip") else {
            throw MissingPrerequisite("/usr/sbin/ip is missing: apt-get install iproute2")
        }
        for words in [
            "netns add \(world)", "netns add \(vm)", "-n \(vm) link set lo up", "-n \(world) link set lo up",
            "-n \(vm) link add uplink type veth peer name downlink netns \(world)",
            "-n \(vm) addr add \(Self.own)/24 dev uplink", "-n \(vm) addr add 11.99.0.2/24 dev uplink",
            "-n \(world) addr add \(Self.gateway)/24 dev downlink",
            "-n \(world) addr add \(Self.neighbour)/24 dev downlink", "-n \(world) addr add \(Self.far)/32 dev lo",
        ] + (uplink == .v4 ? [] : addresses6) + [
            "-n \(vm) link set uplink up", "-n \(world) link set downlink up",
        ] + (uplink == .v6 ? [] : ["-n \(vm) route add default via \(Self.gateway)"])
            + (uplink == .v4 ? [] : ["-n \(vm) route add default via \(Self.gateway6)"])
        { try Self.run(["/usr/sbin/ip"] + words.split(separator: " ").map(String.init)) }
        try write("nameserver \(Self.gateway)\n", to: "resolv.conf")
        try write(
            "\(Self.far6) world6.test\n\(Self.private6) inner6.test\n\(Self.embedded6[1]) embedded6.test\n"
                + "127.0.0.1 localhost\n\(Self.far) world.test other.test\n\(Self.gateway) inner.test\n127.0.0.1 loop.test\n",
            to: "hosts"
        )
        try FileManager.default.createDirectory(atPath: "\(sandbox.top)/log", withIntermediateDirectories: true)
    }

    /// Usable at once, without asking whether somebody else has them.
    private var addresses6: [String] {
        let ours = [Self.own6, "2a0b:99::2", "fe80::2"].map { "-n \(vm) addr add \($0)/64 dev uplink nodad" }
        let theirs = [Self.gateway6, Self.neighbour6, "fe80::1"].map {
            "-n \(world) addr add \($0)/64 dev downlink nodad"
        }
        let beyond = ([Self.far6, Self.private6] + Self.embedded6).map {
            "-n \(world) addr add \($0)/128 dev lo nodad"
        }
        return ours + theirs + beyond
    }

    deinit {
        for server in servers where server > 1 {
            kill(server, SIGKILL)
            waitpid(server, nil, 0)
        }
        for name in [world, vm] { try? Self.run(["/usr/sbin/ip", "netns", "del", name]) }
    }

    /// What runs a program in the VM: its network, its resolver and its logs.
    var inVM: [String] {
        let covers = [("resolv.conf", "/etc/resolv.conf"), ("hosts", "/etc/hosts"), ("log", "/var/log")]
        let script = covers.map { "mount --bind '\(sandbox.top)/\($0)' \($1)" } + [#"exec "$@""#]
        return [
            "/usr/bin/nsenter", "--net=/run/netns/\(vm)", "/usr/bin/unshare", "--mount", "--propagation", "private",
            "/bin/sh", "-ec", script.joined(separator: " && "), "sh",
        ]
    }

    /// A script in a session of this VM.
    func session(_ script: String, _ network: NetworkPolicy, tool: String = "shell") throws -> SandboxRun {
        var policy = AgentPolicy()
        policy.network = network
        var spawn = sandbox.agent(["/bin/bash", "-c", script], policy: policy).agent { $0.tool = tool }
        spawn.environment.merge(network.proxyVariables) { $1 }
        return try SandboxRun(spawn, with: inVM + [Products.path("dvm-guest"), "enter"])
    }

    /// What a script in a session prints.
    func output(_ script: String, _ network: NetworkPolicy, tool: String = "shell") throws -> String {
        let outcome = try session(script, network, tool: tool).finish()
        if let refusal = outcome.refusal { throw refusal }
        return outcome.output
    }

    /// What a script prints in the VM itself, as the developer: the control.
    func control(_ script: String) throws -> String {
        let spawn = sandbox.plain(["/bin/bash", "-c", script], as: sandbox.developer)
        return try SandboxRun.run(spawn, with: inVM + [Products.path("dvm-guest"), "enter"]).output
    }

    /// Starts one of the servers of Tests/Support/network, and waits until it listens.
    func serve(_ words: [String], in namespace: String) throws {
        let output = try Streams.fromChild()
        let command = ["/usr/bin/nsenter", "--net=/run/netns/\(namespace)", Self.program] + words
        servers.append(try Self.spawn(command, output: output.theirs.raw))
        var poll = PollSet()
        poll.add(output.ours.raw, .read)
        try poll.wait(milliseconds: 20_000)
        var buffer = [UInt8](repeating: 0, count: 64)
        guard case .bytes(let bytes) = Reading.from(output.ours.raw, into: &buffer), bytes.elementsEqual("ready\n".utf8)
        else { throw MissingPrerequisite("the server \(words) did not start") }
    }

    static let program = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Support/network/servers").path

    /// A certificate for `world.test` with its key, in one file.
    func certificate() throws -> String {
        let path = "\(sandbox.top)/certificate.pem"
        try Self.run([
            "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", path, "-out", path + ".cert", "-days", "2", "-subj", "/CN=world.test",
        ])
        let both = try Data(contentsOf: URL(filePath: path)) + Data(contentsOf: URL(filePath: path + ".cert"))
        try both.write(to: URL(filePath: path))
        return path
    }

    /// What the gates of this VM wrote down.
    func log() throws -> String {
        let folder = "\(sandbox.top)/log/dvm"
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)
        }.joined()
    }

    private func write(_ text: String, to name: String) throws {
        try text.write(toFile: "\(sandbox.top)/\(name)", atomically: true, encoding: .utf8)
    }

    static func run(_ words: [String]) throws {
        var status: Int32 = 0
        let null = OwnedDescriptor(FileDescriptor(rawValue: unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)))
        unsafe waitpid(try spawn(words, output: null.raw), &status, 0)
        guard status == 0 else { throw MissingPrerequisite("\(words.joined(separator: " ")) failed with \(status)") }
    }

    private static func spawn(_ words: [String], output: FileDescriptor) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, output.rawValue, 1)
        let arguments = ArgumentList(words)
        let environment = ArgumentList(["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        var pid: pid_t = 0
        let error = unsafe posix_spawn(&pid, words[0], &actions, nil, arguments.pointer, environment.pointer)
        guard error == 0 else { throw MissingPrerequisite("\(words[0]) cannot be started: \(Errno(rawValue: error))") }
        return pid
    }
}
