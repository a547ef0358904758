import Foundation
import TestSupport
import Testing

/// The VMs of a run: a home of their own for dvm and Lima, one VM made once and shared, and room for a second.
final class VirtualMachines: Sendable {
    /// The VMs of this run.
    @TaskLocal private static var running: VirtualMachines?

    static var current: VirtualMachines {
        get throws {
            guard let running else { throw MissingPrerequisite("this test is not in a suite with `.virtualMachines`") }
            return running
        }
    }

    /// The VM that is there for every test; who changes it changes it back.
    let shared: TestVM
    /// A VM that is not there until a test makes it.
    let spare: TestVM
    /// A VM that is there while a test has made it as a copy of the shared one.
    let copy: TestVM
    /// What the very first `dvm sync` of the shared VM came to.
    let firstSync: RunningProgram.Outcome
    private let home: TestHome

    private init() throws {
        TestHome.removeAbandoned()
        home = try TestHome()
        do {
            shared = try TestVM(name: "vm\(getpid())", in: home, ports: [(try freePort(), 8098)])
            // It is made for its own sake, and what is installed in it is of no interest.
            spare = try TestVM(name: "spare\(getpid())", in: home, lines: "DVM_NO_BASELINE=1\n")
            copy = TestVM(copyNamed: "copy\(getpid())", in: home)
            firstSync = try shared.dvm("sync", shared.name, within: .seconds(1200))
            guard firstSync.status == 0 else {
                throw MissingPrerequisite("the VM of these tests cannot be made: \(firstSync.complaint)")
            }
        } catch {
            home.remove()
            throw error
        }
    }

    fileprivate static func provide(_ body: () async throws -> Void) async throws {
        let machines = try VirtualMachines()
        defer { machines.home.remove() }
        try await $running.withValue(machines) { try await body() }
    }
}

/// Boots the VMs once for a suite and all it contains, and removes them when it ends.
struct VirtualMachinesTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing body: @Sendable () async throws -> Void
    ) async throws {
        try await VirtualMachines.provide { try await body() }
    }
}

extension Trait where Self == VirtualMachinesTrait {
    static var virtualMachines: Self { Self() }
}

/// Everything dvm and Lima keep on this computer, away from the person's own.
///
/// The directory's name has this process's number, so that what a crashed run left can be told from what is in use.
struct TestHome: Sendable {
    let path: String
    let dvm: String
    let limactl: String

    /// Short, and so not in the temporary directory of a Mac: Lima's sockets must fit below it.
    private static let prefix = "dvm-vmtest."

    fileprivate init() throws {
        let variables = ProcessInfo.processInfo.environment
        guard let stage = variables["DVM_STAGE"], FileManager.default.isExecutableFile(atPath: "\(stage)/bin/dvm")
        else {
            throw MissingPrerequisite("DVM_STAGE does not name an installed dvm; run `make test`, which installs one")
        }
        dvm = "\(stage)/bin/dvm"
        limactl = try Self.limactl(variables)
        path = "/tmp/\(Self.prefix)\(getpid())"
        for name in ["", "/home", "/config", "/config/vms", "/config/recipes", "/lima", "/state"] {
            try FileManager.default.createDirectory(
                atPath: path + name,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700]
            )
        }
        var settings = "DVM_CPUS=2\nDVM_MEMORY=2GiB\nDVM_DISK=20GiB\n"
        if let authorities = Self.authorities {
            try write(authorities, to: "config/authorities.pem")
            settings += "DVM_CA_CERTS=\(path)/config/authorities.pem\n"
        }
        try write(settings, to: "config/config.sh")
    }

    /// The certificates that were added to this computer, where its network reads along: the VMs then need them, too.
    private static var authorities: String? {
        let directories = ["/usr/local/share/ca-certificates", "/etc/pki/ca-trust/source/anchors"]
        let files = directories.flatMap { directory in
            ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted().map {
                "\(directory)/\($0)"
            }
        }
        let texts = files.compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }
            .filter { $0.contains("-----BEGIN CERTIFICATE-----") }
        return texts.isEmpty ? nil : texts.joined(separator: "\n")
    }

    private static func limactl(_ variables: [String: String]) throws -> String {
        let named = variables["DVM_LIMACTL"]
        let places = (variables["PATH"] ?? "").split(separator: ":").map { "\($0)/\(named ?? "limactl")" }
        let found = named?.contains("/") == true ? named : places.first(where: FileManager.default.isExecutableFile)
        guard let found, FileManager.default.isExecutableFile(atPath: found) else {
            throw MissingPrerequisite(
                "there is no limactl: \(named ?? "none on PATH"); run the tests with scripts/with-limactl, as `make test` does"
            )
        }
        return found
    }

    /// What dvm is started with.
    var environment: [String: String] {
        let variables = ProcessInfo.processInfo.environment
        var result = [
            "HOME": "\(path)/home", "USER": variables["USER"] ?? "someone", "LANG": "C.UTF-8",
            "PATH": variables["PATH"] ?? "/usr/bin:/bin",
            "DVM_LIMACTL": limactl, "DVM_CONFIG_DIR": "\(path)/config", "LIMA_HOME": "\(path)/lima",
            "XDG_STATE_HOME": "\(path)/state",
            // Images and wheels are shared with other runs; of dvm's own there is only a lock a VM, whose name is ours.
            "XDG_CACHE_HOME": variables["XDG_CACHE_HOME"] ?? "\(NSHomeDirectory())/.cache",
        ]
        result["DVM_TEMPLATE"] = variables["DVM_TEMPLATE"]
        return result
    }

    func write(_ text: String, to name: String) throws {
        let file = "\(path)/\(name)"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    }

    func remove() { Self.remove(path, limactl: limactl, environment) }

    /// Removes what runs that did not come to their end have left, VMs included.
    fileprivate static func removeAbandoned() {
        let variables = ProcessInfo.processInfo.environment
        guard let limactl = try? limactl(variables) else { return }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? [] where name.hasPrefix(prefix) {
            guard let pid = pid_t(name.dropFirst(prefix.count)), pid > 1, kill(pid, 0) != 0, errno == ESRCH,
                unsafe access("/tmp/\(name)", W_OK) == 0
            else { continue }
            var environment = variables
            environment["LIMA_HOME"] = "/tmp/\(name)/lima"
            remove("/tmp/\(name)", limactl: limactl, environment)
        }
    }

    private static func remove(_ path: String, limactl: String, _ environment: [String: String]) {
        let instances = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/lima")) ?? []
        for instance in instances where instance.hasPrefix("dvm-") {
            let delete = try? RunningProgram([limactl, "delete", "--force", instance], environment: environment)
            _ = try? delete?.finish()
        }
        try? FileManager.default.removeItem(atPath: path)

        // Locks are not in the home; a VM's name ends with the number of the run, or with one more letter.
        let locks = "\(environment["XDG_CACHE_HOME"] ?? "\(NSHomeDirectory())/.cache")/dvm"
        let run = path.split(separator: ".").last ?? ""
        for name in ["vm\(run)", "vm\(run)x", "spare\(run)", "copy\(run)"] {
            try? FileManager.default.removeItem(atPath: "\(locks)/\(name).lock")
        }
    }
}

/// A port of this computer's loopback that nobody uses at the moment.
func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
    }
    guard bound else { throw MissingPrerequisite("no port of this computer is free") }
    return UInt16(bigEndian: address.sin_port)
}
