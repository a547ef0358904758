internal import ArgumentParser
internal import DVMProtocol

struct Ls: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the VMs",
        discussion: """
            Shows the VMs that have a configuration or that Lima has made for dvm.

            Examples:
              dvm ls
              dvm ls --json | jq -r '.[] | select(.state == "running").name'
            """,
        aliases: ["list"]
    )

    @Flag(help: "Print JSON")
    var json = false

    @Flag(help: "Print the names of configured VMs only, without asking Lima")
    var names = false

    func run() async throws {
        let session = try Session(.current)
        let configured = session.configuration.names()
        if names {
            if !configured.isEmpty { try Output.print(configured.map(\.text).joined(separator: "\n")) }
            return
        }
        let rows = Row.all(configured: configured, instances: try await session.limactl().list())
        if json {
            try Output.print(try JSON.text(rows))
        } else if rows.isEmpty {
            Output.say("there is no VM yet; `dvm init app` writes the configuration of one\n")
        } else {
            let isTerminal = TerminalDevice.isTerminal(.standardOutput)
            let width = isTerminal ? TerminalDevice.size(of: .standardOutput).map { Int($0.columns) } : nil
            try Output.print(Row.table(rows).draw(width: width))
        }
    }

    /// A VM in the list.
    struct Row: Hashable, Sendable, Encodable {
        var name: String
        /// Lima's word in lower case, or `absent` for a VM that has not been made.
        var state: String
        var cpus: Int?
        var memory: Int?
        var disk: Int?
        var ports: [String] = []
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

        static func table(_ rows: [Self]) -> Table {
            Table(
                headings: ["NAME", "STATE", "CPUS", "MEMORY", "DISK", "PORTS"],
                rows: rows.map { row in
                    let size = { (bytes: Int?) in bytes.map { "\(MemorySize(mebibytes: $0 >> 20))" } ?? "-" }
                    return [
                        row.name, row.state, row.cpus.map(String.init) ?? "-", size(row.memory), size(row.disk),
                        row.ports.isEmpty ? "-" : row.ports.joined(separator: " "),
                    ]
                }
            )
        }
    }
}
