internal import DVMProtocol

/// What must change in an instance for it to be what its configuration says.
struct Reconciliation: Hashable, Sendable {
    /// The changes, as people read them.
    var changes: [String] = []
    /// The changes, as `limactl edit --set` takes them.
    var expression: String { assignments.joined(separator: " | ") }

    private var assignments: [String] = []

    var isEmpty: Bool { changes.isEmpty }

    /// Compares an instance with its settings.
    ///
    /// CPUs that were left to dvm are left alone: what was chosen when the VM was made still holds.
    ///
    /// - Throws: a `Refusal` when the disk would have to shrink.
    init(of instance: LimaInstance, to settings: Settings) throws(Refusal) {
        if let cpus = settings.cpus, cpus != instance.cpus {
            change("CPUs", "\(instance.cpus)", "\(cpus)", [("cpus", .integer(cpus))])
        }
        let memory = MemorySize(mebibytes: instance.memory >> 20)
        if settings.memory != memory {
            change("memory", "\(memory)", "\(settings.memory)", [("memory", .string("\(settings.memory)"))])
        }
        let disk = MemorySize(mebibytes: instance.disk >> 20)
        guard settings.disk >= disk else {
            throw Refusal(
                "the disk of \(instance.machine?.text ?? instance.name.printable) has \(disk) and cannot shrink to "
                    + "\(settings.disk) (\(Variable.disk.name), \(settings.origin(of: .disk).text.printable))",
                hint: "set \(Variable.disk.name)=\(disk), or make the VM anew"
            )
        }
        if settings.disk != disk {
            change("disk", "\(disk)", "\(settings.disk)", [("disk", .string("\(settings.disk)"))])
        }
        connect(instance, as: settings.network)
        let ports = instance.configuration?.ports ?? []
        if settings.ports.sorted() != ports {
            let text = { (ports: [PortForward]) in
                ports.isEmpty ? "none" : ports.map(\.description).joined(separator: " ")
            }
            let forwards = LimaTemplate.forwards(settings.ports)
            change("ports", text(ports), text(settings.ports.sorted()), [("portForwards", forwards)])
        }
    }

    /// Connects a VM to others, or takes that back; a network of another kind is refused before it starts.
    private mutating func connect(_ instance: LimaInstance, as choice: Settings.NetworkChoice) {
        let networks = instance.configuration?.networks ?? []
        guard networks.allSatisfy(\.isShared) else { return }
        let wanted = choice == .shared ? 1 : 0
        guard networks.count != wanted else { return }
        let text = { (count: Int) in count == 0 ? "private" : "shared" }
        change("network", text(networks.count), text(wanted), [("networks", LimaTemplate.networks(choice))])
    }

    private mutating func change(_ what: String, _ from: String, _ to: String, _ values: [(String, YAML)]) {
        changes.append("\(what) \(from) → \(to)")
        assignments += values.map { ".\($0.0) = \($0.1.inline)" }
    }
}
