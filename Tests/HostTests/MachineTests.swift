import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

@Suite struct `A VM` {
    let fixture: HostFixture
    let app: MachineName
    let told = Told()

    /// What the display showed.
    final class Told: Sendable {
        private let (stream, sink) = AsyncStream.makeStream(of: String.self)
        func write(_ text: String) { sink.yield(text) }
        func lines() async -> [String] {
            sink.finish()
            var text = ""
            for await piece in stream { text += piece }
            // Without how long things took, which is up to the machine.
            return text.split(separator: "\n").map { $0.replacing(/\ \(\d+ s\)/, with: "") }.map(String.init)
        }
    }

    init() throws {
        fixture = try HostFixture()
        app = try MachineName("app")
        try fixture.installLimactl()
        try fixture.write("new.json", ListedVM.line())
        try fixture.write("config/vms/app.sh", "")
    }

    private func session() throws -> Session {
        var variables = fixture.environment
        variables["XDG_STATE_HOME"] = "\(fixture.root)/state"
        variables["XDG_CACHE_HOME"] = "\(fixture.root)/cache"
        return try Session(HostEnvironment(variables), display: ProgressDisplay(.init(), write: told.write))
    }

    private func bringUp() async throws -> LimaInstance {
        let (machine, instance) = try await session().machine(app)
        return try await machine.bringUp(instance)
    }

    private func ensureRunning() async throws -> LimaInstance {
        let (machine, instance) = try await session().machine(app)
        return try await machine.ensureRunning(instance, for: "sh")
    }

    private func refusal(_ body: () async throws -> Void) async throws -> Refusal? {
        do {
            try await body()
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    @Test func `is created, checked and started`() async throws {
        let instance = try await bringUp()

        #expect(instance.status == .running)
        #expect(
            fixture.changes == [
                "create --tty=false --name dvm-app \(fixture.root)/state/dvm/app/lima.yaml",
                "start --tty=false dvm-app",
            ]
        )
        let settings = Settings(for: app, on: try session().configuration.host)
        #expect(fixture.read("created.yaml") == LimaTemplate(settings: settings).yaml.document)
        #expect(try fixture.mode("state/dvm/app") == 0o700)
        #expect(try fixture.mode("state/dvm/app/lima.yaml") == 0o600)
        #expect(await told.lines() == ["• creating app", "✓ creating app", "• starting app", "✓ starting app"])
    }

    @Test func `is left alone when there is nothing to do`() async throws {
        try fixture.write("list.json", ListedVM.line("Running"))
        _ = try await bringUp()
        _ = try await ensureRunning()
        #expect(fixture.changes == [])
        #expect(await told.lines() == [])
    }

    @Test func `is started by any verb that needs it, saying so`() async throws {
        try fixture.write("list.json", ListedVM.line())
        #expect(try await ensureRunning().status == .running)
        #expect(fixture.changes == ["start --tty=false dvm-app"])
        #expect(await told.lines() == ["• starting app", "✓ starting app"])
    }

    @Test func `is never started before it was made`() async throws {
        #expect(
            try await refusal { _ = try await ensureRunning() }
                == Refusal("app has not been made yet", hint: "`dvm sync app` makes it")
        )
        #expect(fixture.changes == [])
    }

    @Test func `is restarted for new values, saying so beforehand`() async throws {
        try fixture.write("list.json", ListedVM.line("Running"))
        try fixture.write("changed.json", ListedVM.line(memory: 8))
        try fixture.write("config/vms/app.sh", "DVM_MEMORY=8\n")
        #expect(try await bringUp().memory == 8 << 30)
        #expect(
            fixture.changes == [
                "stop --tty=false dvm-app", "edit --tty=false --set .memory = \"8GiB\" dvm-app",
                "start --tty=false dvm-app",
            ]
        )
        #expect(await told.lines().first == "• app restarts, its configuration has changed: memory 4GiB → 8GiB")
    }

    @Test(arguments: [true, false])
    func `is not started with less protection`(exists: Bool) async throws {
        let line = ListedVM.line().replacing("\"plain\":true", with: "\"plain\":false")
        try fixture.write(exists ? "list.json" : "new.json", line)
        let refusal = try await refusal { _ = try await bringUp() }
        #expect(refusal?.message.hasPrefix("Lima would not start app as dvm asks:\n") == true)
        #expect(!fixture.changes.contains { $0.hasPrefix("start") })
    }

    @Test func `is not started when Lima does not say with what`() async throws {
        try fixture.write("list.json", ListedVM.line().replacing("\"plain\":true", with: "\"plain\":\"yes\""))
        #expect(
            try await refusal { _ = try await ensureRunning() }?.message
                == "Lima does not say with what configuration it would start app"
        )
        #expect(fixture.changes == [])
    }

    @Test func `is not touched when it is broken`() async throws {
        let line = ListedVM.line("Broken").replacing(
            "\"limaVersion\"",
            with: "\"errors\":[\"no \\u001b disk\"],\"limaVersion\""
        )
        try fixture.write("list.json", line)
        let expected = Refusal(
            "Lima says that dvm-app is broken\nno \\u{1b} disk",
            hint: "`dvm stop --force app` ends what is left of it, then `dvm sync app` starts it again"
        )
        #expect(try await refusal { _ = try await bringUp() } == expected)
        #expect(try await refusal { _ = try await ensureRunning() } == expected)
        #expect(fixture.changes == [])
    }

    @Test func `is not made over what is left of an earlier attempt`() async throws {
        try fixture.makeDirectory("lima/dvm-app")
        let directory = "\(fixture.root)/lima/dvm-app"
        let expected = Refusal(
            "\(directory) exists, but Lima does not list dvm-app: making it was cut short",
            hint: "look whether anything in it is needed, remove it with `rm -r \(directory)`, then run `dvm sync app`"
        )
        #expect(try await refusal { _ = try await bringUp() } == expected)
        #expect(try await refusal { _ = try await ensureRunning() } == expected)
        #expect(fixture.changes == [])
    }

    @Test func `is not started when a port of the host is taken`() async throws {
        let listener = try Listener()
        try fixture.write("config/vms/app.sh", "DVM_PORTS=\(listener.port):80\n")
        try fixture.write(
            "list.json",
            ListedVM.line(ports: [Int(listener.port)]).replacing(
                "\"guestPortRange\":[\(listener.port),\(listener.port)]",
                with: "\"guestPortRange\":[80,80]"
            )
        )
        let refusal = try await refusal { _ = try await ensureRunning() }
        #expect(
            refusal?.message
                == "port \(listener.port) of 127.0.0.1 is in use on this computer, and DVM_PORTS of app wants it (\(listener.port):80)"
        )
        #expect(fixture.changes == [])
    }

    @Test func `is not stopped for a port that is taken, but for one it has itself`() async throws {
        let (other, own) = (try Listener(), try Listener())
        try fixture.write("list.json", ListedVM.line("Running", ports: [Int(own.port)]))
        try fixture.write("config/vms/app.sh", "DVM_PORTS='\(own.port):\(own.port) \(other.port):80'\n")
        #expect(
            try await refusal { _ = try await bringUp() }?.message
                == "port \(other.port) of 127.0.0.1 is in use on this computer, and DVM_PORTS of app wants it (\(other.port):80)"
        )
        #expect(fixture.changes == [])

        try fixture.write("config/vms/app.sh", "DVM_PORTS='\(own.port):80'\n")
        _ = try await refusal { _ = try await bringUp() }
        #expect(fixture.changes.first == "stop --tty=false dvm-app")
    }

    @Test func `keeps what was done when starting fails, and goes on from there`() async throws {
        try fixture.write("fail-start", "time=x level=fatal msg=\"no luck\"\n")
        #expect(
            try await refusal { _ = try await bringUp() }?.message
                == "`limactl start` failed for dvm-app (status 1)\nno luck"
        )
        try fixture.remove("fail-start")
        #expect(try await bringUp().status == .running)
        #expect(fixture.changes.filter { $0.hasPrefix("create") }.count == 1)
    }

    @Test func `is stopped once, and deleted for good`() async throws {
        try fixture.write("list.json", ListedVM.line("Running"))
        let limactl = try Limactl(HostEnvironment(fixture.environment))
        let end = MachineEnd(name: app, limactl: limactl, session: try session())
        #expect(try await end.stop(try #require(try await limactl.instance(of: app)), force: false))
        #expect(try await !end.stop(try #require(try await limactl.instance(of: app)), force: false))
        try await end.delete()
        #expect(fixture.changes == ["stop --tty=false dvm-app", "delete --tty=false --force dvm-app"])
    }

    @Test func `is not called deleted while its directory is there`() async throws {
        try fixture.makeDirectory("lima/dvm-app")
        let limactl = try Limactl(HostEnvironment(fixture.environment))
        let end = MachineEnd(name: app, limactl: limactl, session: try session())
        #expect(
            try await refusal { try await end.delete() }?.message
                == "app is not gone: \(fixture.root)/lima/dvm-app is still there"
        )
    }
}

/// Somebody who listens on a port of the loopback.
final class Listener: Sendable {
    let port: UInt16
    private let descriptor: FileDescriptor

    init() throws {
        // Ports are tried until one is free; the range is below those that systems hand out by themselves.
        var found: (UInt16, FileDescriptor)?
        for port in UInt16(20000)...30000 where found == nil {
            found = (try? LocalPort.open(at: PortForward.loopback, port: port)).map { (port, $0) }
        }
        (port, descriptor) = try #require(found)
    }

    deinit { try? descriptor.close() }
}
