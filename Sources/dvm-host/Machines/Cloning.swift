internal import DVMProtocol

/// Copies a VM, its configuration and what this computer remembers of it.
struct Cloning: Sendable {
    let source: MachineName
    let copy: MachineName
    let limactl: Limactl
    let session: Session

    /// Carries it out, under the locks of both.
    ///
    /// - Throws: a `Refusal`; nothing of the copy is left then, unless that says so.
    func run(keepsKeys: Bool) async throws {
        try copy.checkRoom(in: session.paths.lima)
        let instances = try await limactl.list()
        guard let instance = instances.first(where: { $0.name == source.instance }) else {
            if !session.configuration.names().contains(source) { throw session.configuration.unknown(source) }
            throw Refusal("\(source) has not been made yet, so there is nothing to copy")
        }
        if let mark = try session.state(of: source).copied() {
            throw Refusal(
                "\(source) is itself a copy of \(mark.source.printable) that has no identity of its own yet",
                hint: "`dvm start \(source)` gives it one; if it was cut short, `dvm rm \(source)` and copy again"
            )
        }
        let directory = session.paths.instance(of: copy)
        guard !instances.contains(where: { $0.name == copy.instance }), !Files.exists(directory) else {
            throw Refusal("there is a VM called \(copy) already", hint: "choose another name; `dvm ls` shows them")
        }
        let written = try await session.configuration.copy(source, to: copy).map {
            (path: $0, modified: (try? FileStatus(ofLink: $0))?.modified)
        }
        for (path, _) in written { session.display.note("wrote \(path.shown)") }
        do {
            try await copyInstance(instance, keepsKeys)
        } catch {
            withdraw(written)
            throw error
        }
        session.display.note(
            "services that recipes signed in as \(source) (Tailscale, Cloudflare) do not run in \(copy) before `dvm sync` "
                + "has signed them in as \(copy); what was signed in by hand is so there, too"
        )
        for line in Self.collisions(of: copy, with: instance, among: instances) { session.display.note(line) }
    }

    private func copyInstance(_ instance: LimaInstance, _ keepsKeys: Bool) async throws {
        if instance.status != .stopped {
            session.display.note(
                "\(source) is stopped to be copied, and stays so; `dvm start \(source)` starts it again"
            )
            _ = try await MachineEnd(name: source, limactl: limactl, session: session).stop(instance, force: false)
        }
        let known = session.state(of: source)
        let state = session.state(of: copy)
        try state.begin(known.made)
        try state.keep(known.notes)
        // Before there is a copy: however this ends, none is used with the identity of another.
        var copied = CopiedFrom(source: source.text, keepsKeys: keepsKeys)
        try state.keep(copied)
        // They are in the disk that is copied.
        let inherited = Set(
            try await Snapshots(vm: source, limactl: limactl, session: session).names(of: instance)
        )

        let log = try session.log("lima", of: copy)
        try await session.display.step("copying \(source) to \(copy)") {
            try await limactl.perform(.clone(to: copy), on: source, log: log, follow: session.display.follow)
            guard try await limactl.instance(of: copy)?.status == .stopped else {
                throw Refusal(
                    "limactl copied \(source.instance) without a complaint, and \(copy.instance) is not there, stopped",
                    hint: "the whole output is in \(log.path.shown)"
                )
            }
        }
        copied.isWhole = true
        // Before the copy counts as whole, and so may be started.
        if !inherited.isEmpty { try state.keep(InheritedSnapshots(names: inherited, copied: copied)) }
        try state.keep(copied)
    }

    /// Takes back what was written on this computer, where there is no copy.
    private func withdraw(_ written: [(path: FilePath, modified: FileTime?)]) {
        guard !Files.exists(session.paths.instance(of: copy)) else {
            return session.display.note(
                "what there is of the copy stays; `dvm rm \(copy) --yes --force --config` removes it"
            )
        }
        session.state(of: copy).forget()
        for (path, modified) in written {
            // It may have taken an hour, in which the person has begun to change it.
            guard modified != nil, (try? FileStatus(ofLink: path))?.modified == modified,
                (try? Files.remove(path)) != nil
            else {
                session.display.note("\(path.shown) stays")
                continue
            }
        }
        Files.removeDirectory(session.configuration.path(for: copy).removingLastComponent().appending(copy.text))
    }

    /// The ports of a copy that other VMs have too, its original's above all: only one of them can run.
    static func collisions(of copy: MachineName, with source: LimaInstance, among others: [LimaInstance]) -> [String] {
        (source.configuration?.ports ?? []).compactMap { port in
            let names = others.compactMap { other -> MachineName? in
                let ports = other.configuration?.ports ?? []
                return ports.contains { $0.address == port.address && $0.host == port.host } ? other.machine : nil
            }.sorted()
            guard !names.isEmpty else { return nil }
            let owners = names.map { "\($0)'s" }.joined(separator: ", ")
            return
                "port \(port.host) of \(copy) is also \(owners): one of them can run at a time, until DVM_PORTS of \(copy) says another"
        }
    }
}
