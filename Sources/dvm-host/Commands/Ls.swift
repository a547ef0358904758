internal import ArgumentParser
internal import DVMProtocol

struct Ls: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the VMs",
        discussion: """
            Shows the VMs that have a configuration or that Lima has made for dvm: what Lima says of each, how much \
            room its disk takes on this computer and may take, and when it was last synced. How many sessions of AI \
            tools run, and whether there is work in it that is nowhere else, is what the VM said when dvm last asked \
            it, and how long ago that was; --fresh asks.

            Work is looked for by --fresh, by `dvm work` and `dvm rm`, and after `dvm sh`, where it is quick; what \
            there is shows `dvm work`.

            Where Lima cannot be asked, because it is missing for one, what this computer knows is listed all the same, \
            with the state “unknown” where there may be a VM and “absent” where there is none; the status is 1 then.

            Examples:
              dvm ls
              dvm ls --fresh          ask the VMs that run
              dvm ls --json | jq -r '.[] | select(.state == "running").name'
            """,
        aliases: ["list"]
    )

    @Flag(help: "Print JSON")
    var json = false

    @Flag(help: "Ask every VM that runs")
    var fresh = false

    @Flag(name: .customLong("only-config"), help: "Leave out VMs that have no configuration")
    var onlyConfigured = false

    @Flag(help: "Print the names of configured VMs only, without asking Lima")
    var names = false

    func run() async throws {
        let session = try Session(.current)
        let configured = session.configuration.names()
        if names {
            if !configured.isEmpty { try Output.print(configured.map(\.text).joined(separator: "\n")) }
            return
        }
        var rows: [Row]
        var trouble: Refusal?
        do {
            let limactl = try Limactl(session.environment, withholding: session.withheld)
            // A list harms nobody whatever Lima's version is, and is to be as quick as Lima's own.
            if fresh { _ = try await limactl.checkVersion() }
            let instances = try await limactl.list()
            if fresh { await Self.ask(instances, limactl, session) }
            rows = Row.all(configured: configured, instances: instances)
        } catch let refusal as Refusal {
            trouble = refusal
            rows = Row.all(configured: configured, in: session.paths)
        }
        session.tellMisnamed()
        if onlyConfigured { rows.removeAll { !$0.configured } }
        for index in rows.indices { rows[index].look(session) }
        if json {
            try Output.print(try JSON.text(rows))
        } else if rows.isEmpty, trouble != nil {
            // What is told next is why nobody knows.
        } else if rows.isEmpty {
            Output.say("there is no VM yet; `dvm init app` writes the configuration of one\n")
        } else {
            let isTerminal = TerminalDevice.isTerminal(.standardOutput)
            let width = isTerminal ? TerminalDevice.size(of: .standardOutput).map { Int($0.columns) } : nil
            try Output.print(Row.table(rows).draw(width: width))
        }
        if let trouble { throw trouble }
    }

    /// Asks VMs that run, all at once; one that does not answer is told of, and listed as it was.
    private static func ask(_ instances: [LimaInstance], _ limactl: Limactl, _ session: Session) async {
        await withTaskGroup { group in
            for instance in instances where instance.status == .running {
                guard let vm = instance.machine else { continue }
                group.addTask {
                    do {
                        let question = GuestQuestion(vm: vm, limactl: limactl, session: session, patience: .seconds(30))
                        try await question.everything(of: instance)
                    } catch {
                        let words = (error as? Refusal)?.message ?? "\(error)"
                        session.display.note("\(vm) could not be asked: \(words)")
                    }
                }
            }
        }
    }

    /// A VM in the list.
    struct Row: Hashable, Sendable, Encodable {
        var name: String
        /// Lima's word in lower case, `absent` for a VM that has not been made, `unknown` where Lima could not be asked.
        var state: String
        var cpus: Int?
        var memory: Int?
        /// Bytes the disk may have.
        var disk: Int?
        /// Bytes it takes on this computer.
        var diskUsed: Int?
        var ports: [String] = []
        /// Sessions of AI tools that ran when the VM was last talked to.
        var sessions: Int?
        /// When that was, in seconds since 1970.
        var contact: Int?
        /// Whether it held work that is nowhere else when that was last looked at.
        var work: WorkSeen.Finding?
        /// When that was, in seconds since 1970.
        var workSeen: Int?
        /// When it was last synced, in seconds since 1970.
        var synced: Int?
        /// Whether it has a configuration.
        var configured: Bool

        static func all(configured: [MachineName], instances: [LimaInstance]) -> [Self] {
            let made = instances.compactMap { instance in instance.machine.map { ($0, instance) } }
            let byName = Dictionary(made) { first, _ in first }
            return Set(configured).union(byName.keys).sorted().map { name in
                let isConfigured = configured.contains(name)
                guard let instance = byName[name] else {
                    return Self(name: name.text, state: "absent", configured: isConfigured)
                }
                return Self(
                    name: name.text,
                    state: instance.status.text,
                    cpus: instance.cpus,
                    memory: instance.memory,
                    disk: instance.disk,
                    ports: (instance.configuration?.ports ?? []).map(\.description),
                    configured: isConfigured
                )
            }
        }

        /// What there is without Lima's word: it keeps each VM in a directory.
        static func all(configured: [MachineName], in paths: Paths) -> [Self] {
            let made = Files.names(in: paths.lima).filter { $0.hasPrefix("dvm-") }.compactMap { try? MachineName($0) }
            return Set(configured).union(made).sorted().map { name in
                let isThere = Files.exists(paths.instance(of: name))
                return Self(
                    name: name.text,
                    state: isThere ? "unknown" : "absent",
                    configured: configured.contains(name)
                )
            }
        }

        /// Adds what is known on this computer, beside what Lima says.
        mutating func look(_ session: Session) {
            guard state != "absent", let vm = try? MachineName(name) else { return }
            diskUsed = DiskUse.bytes(in: session.paths.instance(of: vm))
            let known = session.state(of: vm)
            synced = known.synced
            if let seen = known.work { (work, workSeen) = (seen.finding, seen.time) }
            // No session outlives its VM.
            guard state == "running", let said = known.contact else { return }
            (sessions, contact) = (said.sessions, said.time)
        }

        static func table(_ rows: [Self], now: Int = Int(WallClock.now)) -> Table {
            Table(
                headings: ["NAME", "STATE", "CPUS", "MEMORY", "DISK", "SESSIONS", "WORK", "SYNCED", "PORTS"],
                rows: rows.map { row in
                    let size = { (bytes: Int?) in bytes.map { "\(MemorySize(mebibytes: $0 >> 20))" } ?? "-" }
                    let age = { (time: Int?) in time.map { " (\(Age.text(since: $0, now: now)))" } ?? "" }
                    return [
                        row.name, row.state, row.cpus.map(String.init) ?? "-", size(row.memory),
                        (row.diskUsed.map { "\(DiskUse.text($0))/" } ?? "") + size(row.disk),
                        row.sessions.map { "\($0)\(age(row.contact))" } ?? "-",
                        row.work.map { "\($0.text)\(age(row.workSeen))" } ?? "-",
                        row.synced.map { Age.text(since: $0, now: now) } ?? "-",
                        // Last, where a narrow terminal cuts them off: `dvm ports` shows them, too.
                        row.ports.isEmpty ? "-" : row.ports.joined(separator: " "),
                    ]
                }
            )
        }
    }
}
