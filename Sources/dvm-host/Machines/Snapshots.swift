internal import DVMProtocol

/// Snapshots of a stopped VM's disk, which Lima has with QEMU only.
///
/// Lima ends with status 0 where it failed on a VM that runs, so it is never asked to do anything with one, and what it
/// did is looked at afterwards.
struct Snapshots: Sendable {
    let vm: MachineName
    let limactl: Limactl
    let session: Session

    /// What there is.
    ///
    /// - Throws: a `Refusal` when the VM can have none, or runs.
    func list() async throws -> [Snapshot] {
        try await check()
        return try await limactl.snapshots(of: vm)
    }

    /// Makes one.
    func create(_ name: SnapshotName) async throws {
        // QEMU would make another of the same name.
        guard try await !has(name) else {
            throw Refusal(
                "\(vm) has a snapshot called “\(name)” already",
                hint: "choose another name, or remove it with `dvm snapshot rm \(vm) \(name)`"
            )
        }
        try await perform(.create, name, "making the snapshot “\(name)” of \(vm)")
        guard try await has(name) else { throw untrue("made", name) }
    }

    /// Puts the disk back to what it was.
    func restore(_ name: SnapshotName) async throws {
        try await require(name)
        try await perform(.apply, name, "putting \(vm) back to “\(name)”")
        guard try await has(name) else { throw untrue("applied", name) }
    }

    /// Removes one.
    func remove(_ name: SnapshotName) async throws {
        try await require(name)
        try await perform(.delete, name, "removing the snapshot “\(name)” of \(vm)")
        guard try await !has(name) else { throw untrue("removed", name) }
    }

    private func has(_ name: SnapshotName) async throws -> Bool { try await list().contains { $0.name == name.text } }

    private func require(_ name: SnapshotName) async throws {
        let names = try await list().map(\.name)
        guard !names.contains(name.text) else { return }
        throw Refusal(
            "\(vm) has no snapshot called “\(name)”",
            hint: names.isEmpty
                ? "it has none; `dvm snapshot create \(vm) \(name)` makes one"
                : "it has \(names.prefix(10).map(\.printable).joined(separator: ", "))"
        )
    }

    private func check() async throws {
        guard let instance = try await limactl.instance(of: vm) else {
            if !session.configuration.names().contains(vm) { throw session.configuration.unknown(vm) }
            throw Refusal("\(vm) has not been made yet", hint: "`dvm sync \(vm)` makes it")
        }
        guard instance.vmType == "qemu" else {
            let kind = instance.vmType.isEmpty ? "of an unknown kind" : "of the kind \(instance.vmType.printable)"
            throw Refusal(
                "\(vm) is \(kind), and Lima has snapshots only with qemu",
                hint: "`dvm clone \(vm) <name>` keeps a copy; DVM_VM_TYPE=qemu counts for a new VM"
            )
        }
        switch instance.status {
        case .stopped: return
        case .running:
            throw Refusal("\(vm) runs, and has snapshots only while it does not", hint: "`dvm stop \(vm)` stops it")
        case .broken, .other:
            throw Refusal(
                "Lima says that \(vm.instance) is \(instance.status.text)",
                hint: "`dvm stop --force \(vm)` ends what is left of it"
            )
        }
    }

    private func perform(_ action: SnapshotAction, _ name: SnapshotName, _ label: String) async throws {
        let log = try session.log("lima", of: vm)
        try await session.display.step(label) {
            try await limactl.perform(.snapshot(action, name), on: vm, log: log, follow: session.display.follow)
        }
    }

    private func untrue(_ done: String, _ name: SnapshotName) -> Refusal {
        let log = session.paths.state(of: vm).appending("lima.log")
        return Refusal(
            "limactl ended without a complaint, and the snapshot “\(name)” of \(vm) was not \(done)",
            hint: "the whole output is in \(log.shown)"
        )
    }
}
