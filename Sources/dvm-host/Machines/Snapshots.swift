internal import DVMProtocol

/// Snapshots of a stopped VM's disk, which Lima has with QEMU only.
///
/// Lima ends with status 0 where it failed on a VM that runs, so it is never asked to do anything with one, and what it
/// did is looked at afterwards.
struct Snapshots: Sendable {
    let vm: MachineName
    let limactl: Limactl
    let session: Session
    /// Readable when the VM is no longer waited for.
    var stop: FileDescriptor?

    /// What there is.
    ///
    /// - Throws: a `Refusal` when the VM can have none, or runs.
    func list() async throws -> [Snapshot] {
        try await check()
        return try await limactl.snapshots(of: vm)
    }

    /// Makes one.
    func create(_ name: SnapshotName) async throws {
        if let copied = try session.state(of: vm).copied() {
            throw Refusal(
                "\(vm) is a copy that still has the identity of \(copied.source.printable), and a snapshot would keep that",
                hint: "`dvm start \(vm)` gives it one of its own; stop it, and try again"
            )
        }
        // QEMU would make another of the same name.
        guard try await !has(name) else {
            throw Refusal(
                "\(vm) has a snapshot called “\(name)” already",
                hint: "choose another name, or remove it with `dvm snapshot rm \(vm) \(name) --yes`"
            )
        }
        try await perform(.create, name, "making the snapshot “\(name)” of \(vm)")
        guard try await has(name) else { throw untrue("made", name) }
    }

    /// Puts the disk back to what it was, which loses what it is.
    ///
    /// - Parameters:
    ///   - name: the snapshot.
    ///   - force: whether that is done whatever the VM holds; else it is started to be asked, and stopped again.
    /// - Throws: a `Refusal`.
    func restore(_ name: SnapshotName, force: Bool) async throws {
        try await require(name)
        if !force { try await checkWork(name) }
        let state = session.state(of: vm)
        let known = try state.copied()
        try known?.checkWhole(vm)
        var inherited = try state.inherited()
        let marks = RestoreMarks(to: name.text, inherited: inherited, known: known)
        // Before it is another's again, so that it is never used as that, however this ends.
        if let mark = marks.during { try state.keep(mark) }
        if inherited?.isRecorded == true {
            inherited?.isRecorded = nil
            if let inherited { try state.keep(inherited) }
        }
        try await perform(.apply, name, "putting \(vm) back to “\(name)”")
        if let mark = marks.after { try state.keep(mark) } else { try state.forgetCopy() }
        if let copied = inherited?.copied, marks.after == copied {
            session.display.note(
                "“\(name)” came with the copy of \(copied.source.printable): \(vm) gets an identity of its own again"
            )
        }
        state.forgetDisk()
        guard try await has(name) else { throw untrue("applied", name) }
    }

    private func checkWork(_ name: SnapshotName) async throws {
        guard let instance = try await limactl.instance(of: vm) else { return }
        let end = MachineEnd(name: vm, limactl: limactl, session: session)
        let check = WorkCheck(name: vm, limactl: limactl, session: session, stop: stop)
        let result: Result<Void, any Error>
        do {
            result = .success(try await check.require(instance, force: false, for: "snapshot restore", name.text))
        } catch {
            result = .failure(error)
        }
        // It was started for that only.
        if let current = try await limactl.instance(of: vm) { _ = try await end.stop(current, force: false) }
        do {
            try result.get()
        } catch var refusal as Refusal {
            refusal.hint = "`dvm snapshot create \(vm) <name>` keeps all of it; " + (refusal.hint ?? "")
            throw refusal
        }
    }

    /// Removes one.
    func remove(_ name: SnapshotName) async throws {
        try await require(name)
        try await perform(.delete, name, "removing the snapshot “\(name)” of \(vm)")
        guard try await !has(name) else { throw untrue("removed", name) }
        // The next one of that name is the VM's own.
        let state = session.state(of: vm)
        if var inherited = try state.inherited(), inherited.names.remove(name.text) != nil { try state.keep(inherited) }
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
        try Task.checkCancellation()
        try await session.display.step(label) {
            // Not ended in the middle, whoever asks: a disk that is half put back is none, and this takes seconds.
            try await Task {
                try await limactl.perform(.snapshot(action, name), on: vm, log: log, follow: session.display.follow)
            }.value
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
