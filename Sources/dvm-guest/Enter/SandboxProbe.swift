internal import ArgumentParser
internal import DVMProtocol
internal import Glibc

/// `dvm-guest probe`: run inside the sandbox in a tool's place, says what it can see and do there.
struct SandboxProbe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Find out what this process may do",
        discussion: "Run by dvm-guest doctor inside the agent's sandbox; prints JSON.",
        shouldDisplay: false
    )

    @Option(name: .customLong("program"), help: "A program that should be there")
    var programs: [String] = []

    @Argument(help: "Paths to look for")
    var paths: [String] = []

    func run() throws {
        // Before anything is opened here: these are the descriptors that were let in.
        let descriptors = Self.openDescriptors()
        let status = try? OwnStatus.read()
        let mounts = Self.mounts()
        let facts = SandboxFacts(
            uid: getuid(),
            seccompMode: status?.seccompMode ?? -1,
            seccompFilters: status?.filters ?? -1,
            noNewPrivileges: status?.fields["NoNewPrivs"] == "1",
            capabilities: status?.fields.filter { $0.key.hasPrefix("Cap") } ?? [:],
            descriptors: descriptors,
            paths: Dictionary(uniqueKeysWithValues: Set(paths).map { ($0, Self.state(of: $0)) }),
            attempts: Dictionary(uniqueKeysWithValues: SandboxAttempt.all.map { ($0.name, $0.answer()) }),
            mounts: mounts.map { $0.place },
            looseMounts: mounts.filter { $0.isLoose }.map { $0.place },
            firstProcess: ((try? TextFile.read("/proc/1/cmdline")) ?? "").split(separator: "\0").map(String.init),
            programs: Dictionary(uniqueKeysWithValues: Set(programs).map { ($0, unsafe access($0, X_OK) == 0) })
        )
        _ = try FileDescriptor.standardOutput.writeAll(JSON.encode(facts) + [UInt8(ascii: "\n")])
    }

    /// Every number is asked about, since reading a directory of them would open one more.
    private static func openDescriptors() -> [Int32] { (3..<1024).filter { fcntl($0, F_GETFD) != -1 } }

    private static func state(of path: String) -> SandboxFacts.PathState {
        if unsafe access(path, R_OK) == 0 { return .readable }
        return unsafe access(path, F_OK) == 0 ? .present : .absent
    }

    private static func mounts() -> [(place: String, isLoose: Bool)] {
        ((try? TextFile.read("/proc/self/mountinfo")) ?? "").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            return fields.count > 5 ? (String(fields[4]), isLoose(fields[4], fields[5])) : nil
        }
    }

    /// Whether setuid programs work at a place with these options, or devices that are not Bubblewrap's few.
    static func isLoose(_ place: Substring, _ options: Substring) -> Bool {
        let options = options.split(separator: ",")
        let hasDevices = place == "/dev" || place.hasPrefix("/dev/")
        return !options.contains("nosuid") || !hasDevices && !options.contains("nodev")
    }
}
