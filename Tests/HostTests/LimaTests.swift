import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `An instance as Lima lists it` {
    @Test func `is decoded with what dvm relies on`() throws {
        let output = ListedVM.line("Running", ports: [3000]) + "\n" + ListedVM.line("Broken", name: "other")
        let instances = try LimaInstance.list(Array(output.utf8))

        #expect(instances.map(\.name) == ["dvm-app", "other"])
        #expect(instances.map(\.status) == [.running, .broken])
        #expect(instances.map(\.machine) == [try MachineName("app"), nil])
        #expect(instances[0].cpus == 4)
        #expect(instances[0].memory == 4 << 30)
        #expect(instances[0].architecture == "x86_64")
        #expect(instances[0].configuration?.ports == [PortForward(host: 3000, guest: 3000)])
    }

    @Test(arguments: ["", "\n", "  \n\n"])
    func `may be none at all`(output: String) throws {
        #expect(try LimaInstance.list(Array(output.utf8)).isEmpty)
    }

    @Test(arguments: [
        "nonsense", "{", "[]", "null", "{\"name\":1,\"status\":\"Running\"}", "{\"status\":\"Running\"}",
        "{\"name\":\"x\"}", "{\"name\":\"x\",\"status\":\"Running\",\"memory\":\"much\"}", "\u{1B}]0;x\u{7}",
    ])
    func `is refused when it is something else`(output: String) {
        #expect { try LimaInstance.list(Array(output.utf8)) } throws: { error in
            (error as? Refusal)?.message.hasSuffix(": \(output.printable)") == true
        }
    }

    @Test func `is listed when it is broken beyond having a configuration`() throws {
        let output = #"{"name":"dvm-app","status":"Broken","errors":[{"odd":1}],"config":{"plain":"perhaps"}}"#
        let instance = try #require(try LimaInstance.list(Array(output.utf8)).first)
        #expect(instance.status == .broken)
        #expect(instance.configuration == nil)
    }
}

@Suite struct `The version of Lima` {
    @Test(arguments: [
        ("limactl version 2.2.0\n", LimaVersion(2, 2, 0)), ("limactl version v2.1.3-12-gabcdef", LimaVersion(2, 1, 3)),
        ("limactl version 10.0.12-rc.1", LimaVersion(10, 0, 12)), ("limactl version HEAD-1234", nil),
        ("limactl version 2.2", nil), ("", nil),
        ("2.2.0", nil),
    ])
    func `is read from what limactl says`(said: String, version: LimaVersion?) {
        #expect(LimaVersion(statement: said) == version)
    }

    @Test(arguments: [
        ((2, 1, 2), true), ((1, 9, 9), true), ((2, 1, 3), false), ((2, 2, 0), false), ((10, 0, 0), false),
    ])
    func `is compared by number`(version: (Int, Int, Int), isOld: Bool) {
        #expect((LimaVersion(version.0, version.1, version.2) < LimaTemplate.oldestLima) == isOld)
    }
}

@Suite struct `What Lima would really start` {
    private func deviations(
        _ config: String,
        ports: [PortForward] = [],
        network: Settings.NetworkChoice = .private
    ) throws -> [String] {
        var settings = Settings(for: try MachineName("app"))
        settings.ports = ports
        settings.network = network
        let configuration = try JSON.decode(EffectiveConfiguration.self, from: Array("{\(config)}".utf8))
        return configuration.deviations(from: settings, of: try MachineName("app")).map(\.remedy)
    }

    /// The safe configuration with one key of another value, or without it.
    private func changed(_ key: String, _ value: String) -> String {
        var parts: [String] = []
        var depth = 0
        var part = ""
        for character in ListedVM.safe {
            if "{[".contains(character) { depth += 1 }
            if "}]".contains(character) { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        parts.append(part)
        parts.removeAll { $0.hasPrefix("\"\(key)\":") }
        return (parts + (value.isEmpty ? [] : ["\"\(key)\":\(value)"])).joined(separator: ",")
    }

    @Test func `is accepted when it is what dvm asked for`() throws {
        #expect(try deviations(ListedVM.safe).isEmpty)
        #expect(try deviations(ListedVM.safe + #","provision":[{"mode":"system","script":"true"}]"#).isEmpty)
    }

    @Test(arguments: [
        ("plain", "false", "write `plain: true`"),
        ("plain", "", "write `plain: true`"),
        ("plain", "null", "write `plain: true`"),
        ("mounts", #"[{"location":"~"}]"#, "take it out"),
        ("mounts", "[{}]", "take it out"),
        ("ssh", #"{"forwardAgent":true}"#, "write `ssh: {forwardAgent: false}`"),
        ("ssh", #"{"forwardX11":true}"#, "write `ssh: {forwardX11: false}`"),
        ("ssh", #"{"loadDotSSHPubKeys":true}"#, "write `ssh: {loadDotSSHPubKeys: false}`"),
        ("containerd", #"{"system":true,"user":false}"#, "write `containerd: {system: false, user: false}`"),
        ("containerd", #"{"user":true}"#, "write `containerd: {system: false, user: false}`"),
        ("user", #"{"name":"developer"}"#, "write `user: {name: dvm}`"),
        ("user", "", "write `user: {name: dvm}`"),
        ("propagateProxyEnv", "true", "write `propagateProxyEnv: false`"),
        ("propagateProxyEnv", "", "write `propagateProxyEnv: false`"),
        ("networks", #"[{"lima":"shared"}]"#, "take it out"),
        ("networks", #"[{"vzNAT":true}]"#, "take it out"),
        ("networks", #"[{"lima":"user-v2"}]"#, "take it out, or write DVM_NETWORK=shared and run `dvm sync app`"),
        ("copyToHost", #"[{"guest":"/etc/x","host":"/home/me/x"}]"#, "take it out"),
        (
            "portForwards", #"[{"guestPort":80,"hostPort":80,"static":true}]"#,
            "take it out, or declare it and run `dvm sync app`"
        ),
        (
            "portForwards", #"[{"guestPortRange":[1,65535],"hostPortRange":[1,65535]}]"#,
            "take it out, or declare it and run `dvm sync app`"
        ),
        (
            "portForwards", #"[{"guestSocket":"/run/x.sock","hostSocket":"x.sock"}]"#,
            "take it out, or declare it and run `dvm sync app`"
        ),
        (
            "portForwards", #"[{"guestPort":3000,"hostPort":3000,"reverse":true}]"#,
            "take it out, or declare it and run `dvm sync app`"
        ),
    ])
    func `is refused when it opens the host or the account`(key: String, value: String, line: String) throws {
        #expect(try deviations(changed(key, value)) == [line])
    }

    @Test(
        arguments: [
            (#"[{"guestPort":3000,"hostPort":3000,"static":true}]"#, []),
            (#"[{"guestPortRange":[3000,3000],"hostIP":"127.0.0.1","hostPortRange":[3000,3000],"static":true}]"#, []),
            (#"[{"guestPort":3000,"hostPort":3000,"static":true},{"guestPort":5355,"ignore":true}]"#, []),
            (#"[{"guestPort":3000,"hostPort":3000,"static":false}]"#, ["write `static: true`"]),
            (
                #"[{"guestPort":3000,"hostPort":3000,"hostIP":"0.0.0.0","static":true}]"#,
                ["take it out, or declare it and run `dvm sync app`", "run `dvm sync app`"]
            ),
            ("[]", ["run `dvm sync app`"]),
        ] as [(String, [String])]
    )
    func `forwards the declared ports and no others`(forwards: String, lines: [String]) throws {
        let declared = [PortForward(host: 3000, guest: 3000)]
        #expect(try deviations(changed("portForwards", forwards), ports: declared) == lines)
    }

    @Test(
        arguments: [
            (#"[{"lima":"user-v2","macAddress":"52:55:55:00:00:01","interface":"lima0"}]"#, []),
            ("[]", ["run `dvm sync app`"]), (#"[{"lima":"bridged"}]"#, ["take it out", "run `dvm sync app`"]),
            (#"[{"lima":"user-v2"},{"vzNAT":true}]"#, ["take it out"]),
            (#"[{"lima":"user-v2","vzNAT":true}]"#, ["take it out", "run `dvm sync app`"]),
            (#"[{"lima":"user-v2"},{"lima":"user-v2"}]"#, ["take it out"]),
        ] as [(String, [String])]
    )
    func `sees other VMs through one network when it is asked to`(networks: String, lines: [String]) throws {
        #expect(try deviations(changed("networks", networks), network: .shared) == lines)
    }

    @Test func `is refused with every difference and where it may come from`() throws {
        let fixture = try HostFixture()
        let config = changed("mounts", #"[{"location":"/Users/me\u001b[2J"}]"#).replacing(
            "\"plain\":true",
            with: "\"plain\":false"
        )
        let configuration = try JSON.decode(EffectiveConfiguration.self, from: Array("{\(config)}".utf8))
        let app = try MachineName("app")
        let paths = try Paths(HostEnvironment(fixture.environment))

        #expect { try configuration.check(Settings(for: app), of: app, paths: paths) } throws: { error in
            guard let refusal = error as? Refusal, let hint = refusal.hint else { return false }
            return refusal.message == """
                Lima would not start app as dvm asks:
                it is not plain, so Lima may open ports of this computer for it; write `plain: true`
                it mounts /Users/me\\u{1b}[2J of this computer; take it out
                """ && hint.contains("\(fixture.root)/lima/_config/override.yaml")
        }
    }
}

@Suite struct `Bringing a VM up to date` {
    private func reconciliation(_ line: String, _ change: (inout Settings) -> Void) throws -> Reconciliation {
        var settings = Settings(for: try MachineName("app"))
        change(&settings)
        return try Reconciliation(of: try #require(try LimaInstance.list(Array(line.utf8)).first), to: settings)
    }

    @Test func `has nothing to do when all is the same`() throws {
        #expect(try reconciliation(ListedVM.line()) { _ in }.isEmpty)
        #expect(
            try reconciliation(ListedVM.line(ports: [80])) { $0.ports = [PortForward(host: 80, guest: 80)] }.isEmpty
        )
    }

    @Test func `connects to other VMs and takes that back, and leaves other networks to be refused`() throws {
        func line(_ networks: String) -> String {
            ListedVM.line(config: ListedVM.safe.replacing(#""networks":[]"#, with: #""networks":\#(networks)"#))
        }
        let shared = try reconciliation(ListedVM.line()) { $0.network = .shared }
        #expect(shared.changes == ["network private → shared"])
        #expect(shared.expression == #".networks = [{"lima": "user-v2"}]"#)
        #expect(try reconciliation(line(#"[{"lima":"user-v2"}]"#)) { $0.network = .shared }.isEmpty)

        let taken = try reconciliation(line(#"[{"lima":"user-v2"}]"#)) { _ in }
        #expect(taken.changes == ["network shared → private"])
        #expect(taken.expression == ".networks = []")
        #expect(try reconciliation(line(#"[{"lima":"bridged"}]"#)) { _ in }.isEmpty)
    }

    @Test func `leaves CPUs alone that were left to dvm`() throws {
        #expect(try reconciliation(ListedVM.line(cpus: 7)) { _ in }.isEmpty)
    }

    @Test func `changes what differs, and says so`() throws {
        let found = try reconciliation(ListedVM.line(ports: [80])) {
            $0.cpus = 2
            $0.memory = .gibibytes(8)
            $0.disk = .gibibytes(100)
            $0.ports = [PortForward(host: 3000, guest: 3000)]
        }

        #expect(
            found.changes == ["CPUs 4 → 2", "memory 4GiB → 8GiB", "disk 60GiB → 100GiB", "ports 80:80 → 3000:3000"]
        )
        #expect(
            found.expression == """
                .cpus = 2 | .memory = "8GiB" | .disk = "100GiB" | .portForwards = [{"guestPort": 3000, \
                "hostIP": "127.0.0.1", "hostPort": 3000, "static": true}]
                """
        )
    }

    @Test func `does not shrink a disk`() throws {
        #expect(
            throws: Refusal(
                "the disk of app has 60GiB and cannot shrink to 40GiB (DVM_DISK, built in)",
                hint: "set DVM_DISK=60GiB, or make the VM anew"
            )
        ) { try reconciliation(ListedVM.line()) { $0.disk = .gibibytes(40) } }
    }
}
