internal import DVMProtocol

/// A VM with its configuration, and what can be done with it.
struct Machine: Sendable {
    let name: MachineName
    let settings: Settings
    let limactl: Limactl
    let session: Session

    private var display: ProgressDisplay { session.display }

    /// Makes the VM what its configuration says, and starts it; returns it running.
    ///
    /// - Throws: a `Refusal`; what was done until then stays and is built on the next time.
    func bringUp(_ instance: LimaInstance?) async throws -> LimaInstance {
        if let instance {
            if instance.status == .broken { throw broken(instance) }
            for note in MadeFrom.differences(of: instance, session.state(of: name).made, from: settings, of: name) {
                display.note(note)
            }
        }
        var instance = instance
        for step in try InstanceStep.steps(for: instance, to: settings) {
            switch step {
            case .create: instance = try await create()
            case .stop(let changes):
                // Those it has while it runs are its own; with another one taken, it could not be started again.
                try checkPorts(except: instance?.configuration?.ports ?? [])
                try await stop(because: changes)
            case .change(let reconciliation): instance = try await change(reconciliation)
            case .start: if let made = instance { instance = try await start(made) }
            }
        }
        guard let instance else { throw neverMade() }
        // It may have been started by other means than dvm.
        try checkConfiguration(of: instance)
        return try await renewed(instance)
    }

    /// Starts the VM unless it runs.
    ///
    /// - Throws: a `Refusal` when it was never made or cannot be started.
    func ensureRunning(_ instance: LimaInstance?, for command: String) async throws -> LimaInstance {
        try session.checkDryRun(of: command)
        if let instance, instance.status == .running, try session.state(of: name).copied() == nil { return instance }
        guard instance != nil else { throw neverMade() }
        return try await Interruption.covering(saying: "interrupted; `dvm ls` shows whether \(name) runs") {
            try await session.locked(name, for: command) {
                // While we waited, another dvm may have started it, or removed it.
                guard let current = try await limactl.instance(of: name) else { throw neverMade() }
                return try await renewed(current.status == .running ? current : try await start(current))
            }
        }
    }

    /// Reaches the guest program of a running VM; a contact that was tried already is taken up.
    ///
    /// The link ends when nobody holds the connection any more.
    func connect(
        to instance: LimaInstance,
        contacted: Result<GuestConnection, any Error>? = nil,
        until stop: FileDescriptor? = nil,
        isRenewal: Bool = false,
        note: @escaping (String) -> Void
    ) throws -> GuestConnection {
        var route = try GuestConnection.Route(limactl, to: name, session, isRenewal: isRenewal, note: note)
        route.stop = stop
        return try GuestConnection.open(name, route, contacted: contacted, architecture: instance.architecture)
    }

    private func neverMade() -> Refusal {
        if let halfMade = halfMade() { return halfMade }
        return Refusal("\(name) has not been made yet", hint: "`dvm sync \(name)` makes it")
    }

    /// What to say of an instance's directory that Lima does not list; nothing when there is none.
    private func halfMade() -> Refusal? {
        let directory = session.paths.instance(of: name)
        guard Files.exists(directory) else { return nil }
        return Refusal(
            "\(directory.shown) exists, but Lima does not list \(name.instance): making it was cut short",
            hint: "look whether anything in it is needed, remove it with `rm -r \(directory.quoted)`, "
                + "then run `dvm sync \(name)`"
        )
    }
}

// MARK: Making and changing

extension Machine {
    private func create() async throws -> LimaInstance {
        if let halfMade = halfMade() { throw halfMade }
        let log = try session.log("lima", of: name)
        let template = session.paths.state(of: name).appending("lima.yaml")
        try Files.write(LimaTemplate(settings: settings).yaml.document, to: template, replacing: true)
        try session.state(of: name).begin(MadeFrom(settings))

        try await display.step("creating \(name)") {
            try await session.making.pass { try await perform(.create(template: template), log) }
        }
        guard let instance = try await limactl.instance(of: name) else {
            throw Refusal(
                "limactl made \(name.instance) without a complaint, and does not list it",
                hint: "the whole output is in \(log.path.shown)"
            )
        }
        return instance
    }

    private func stop(because changes: [String]) async throws {
        display.note("\(name) restarts, its configuration has changed: \(changes.joined(separator: ", "))")
        let log = try session.log("lima", of: name)
        try await display.step("stopping \(name)") { try await perform(.stop(force: false), log) }
    }

    private func change(_ reconciliation: Reconciliation) async throws -> LimaInstance {
        let log = try session.log("lima", of: name)
        try await display.step("changing \(name): \(reconciliation.changes.joined(separator: ", "))") {
            try await perform(.edit(expression: reconciliation.expression), log)
        }
        guard let changed = try await limactl.instance(of: name) else { throw neverMade() }
        return changed
    }

    private func start(_ instance: LimaInstance) async throws -> LimaInstance {
        if instance.status == .broken { throw broken(instance) }
        try session.state(of: name).copied()?.checkWhole(name)
        try checkConfiguration(of: instance)
        try checkPorts()
        let log = try session.log("lima", of: name)
        try await display.step("starting \(name)") { try await perform(.start, log) }
        session.refreshSshEntry(of: name)
        var running = instance
        running.status = .running
        return running
    }

    /// Gives a copied VM an identity of its own, before anything else is done with it, and starts it again with that.
    private func renewed(_ instance: LimaInstance) async throws -> LimaInstance {
        let state = session.state(of: name)
        guard let copied = try state.copied() else { return instance }
        try copied.checkWhole(name)
        let renewal = IdentityRenewal(
            hostName: name.text,
            keepsKeys: copied.keepsKeys || copied.isInDoubt,
            unlessItsOwn: copied.isProvisional
        )
        var notes = state.notes
        let (said, done, records) = try await display.step(
            "an identity of its own for \(name), a copy of \(copied.source)"
        ) {
            let guest = GuestWorker(for: name)
            let facts = try await guest.connect(self, to: instance, until: Interruption.current, isRenewal: true) {
                display.detail($0)
            }
            let done = try await guest.perform(.renewIdentity(renewal), as: IdentityRenewed.self) {
                display.detail($0.step)
            }
            // It may have forgotten some units before, when what it answered was lost.
            let known = notes.units.isEmpty ? [] : try await guest.perform(.unitRecords, as: [UnitRecord].self)
            return (facts.identity, done, Set(known.map(\.name)))
        }
        if copied.isInDoubt, !copied.keepsKeys, said != name.text {
            display.note(
                "putting \(name) back to a snapshot was cut short, and it is not known whether the private keys in it are "
                    + "also those of \(copied.source): they stay; `dvm ssh-key \(name) --rotate` makes new ones"
            )
        }
        for key in done.removedKeys.prefix(20) {
            display.note("\(name) says: removed the private key ~/\(key.prefix(200)), which \(copied.source) has")
        }
        if done.removedKeys.count > 20 { display.note("\(name) says: and \(done.removedKeys.count - 20) more") }
        for kind in done.made.sorted(by: { $0.command > $1.command }) {
            display.note("\(name) has \(kind.text); `dvm \(kind.command) \(name)` shows what to register")
        }
        let forgotten = notes.units.keys.filter { !records.contains($0) }
        if !forgotten.isEmpty {
            for unit in forgotten { notes.units[unit] = nil }
            try state.keep(notes)
        }
        for unit in done.units.prefix(20) {
            display.note(
                "\(name) says: “\(unit.prefix(60))” was signed in as \(copied.source), and is switched off; "
                    + "`dvm sync \(name)` signs it in as \(name)"
            )
        }
        for note in done.notes.prefix(5) { display.note("\(name) says: \(note.prefix(500))") }
        let log = try session.log("lima", of: name)
        try await display.step("stopping \(name)") { try await perform(.stop(force: false), log) }
        guard let stopped = try await limactl.instance(of: name) else { throw neverMade() }
        let running = try await start(stopped)
        try state.forgetCopy()
        await learnLogin(running)
        return running
    }

    /// Learns the new host keys, so that ssh reaches the VM; `dvm ssh-config` says it where that fails.
    private func learnLogin(_ instance: LimaInstance) async {
        let guest = GuestWorker(for: name)
        guard
            (try? await guest.connect(self, to: instance, until: Interruption.current, note: { display.detail($0) }))
                != nil,
            let login = try? await guest.perform(.remoteLogin, as: RemoteLogin.self)
        else { return }
        try? SshEntryStore(paths: session.paths).learn(login, of: name)
    }

    /// Refuses what Lima would start with less protection than dvm promises.
    func checkConfiguration(of instance: LimaInstance) throws(Refusal) {
        guard let configuration = instance.configuration else {
            throw Refusal(
                "Lima does not say with what configuration it would start \(name)",
                hint: "see what `limactl list --json \(name.instance)` says, and \(session.paths.lima.shown)/_config"
            )
        }
        try configuration.check(settings, of: name, paths: session.paths)
    }

    private func checkPorts(except own: [PortForward] = []) throws(Refusal) {
        for port in settings.ports where !own.contains(where: { $0.address == port.address && $0.host == port.host }) {
            let place = "port \(port.host) of \(port.address)"
            switch LocalPort.look(at: port.address, port: port.host) {
            case .free, .unknown: continue
            case .taken:
                throw Refusal(
                    "\(place) is in use on this computer, and DVM_PORTS of \(name) wants it (\(port))",
                    hint: "end the program or VM that listens there, or write another host port in DVM_PORTS "
                        + "(\(settings.origin(of: .ports).text.printable)) and run `dvm sync \(name)`"
                )
            case .notOurAddress:
                throw Refusal(
                    "\(port.address) in DVM_PORTS of \(name) (\(port)) is not an address of this computer",
                    hint: "leave the address out to use \(PortForward.loopback), or write one that this computer has"
                )
            }
        }
    }

    private func broken(_ instance: LimaInstance) -> Refusal {
        let errors = instance.errors.prefix(5).map { "\n\(String($0.prefix(500)).printable)" }.joined()
        return Refusal(
            "Lima says that \(name.instance) is broken\(errors)",
            hint: "`dvm stop --force \(name)` ends what is left of it, then `dvm sync \(name)` starts it again"
        )
    }

    private func perform(_ verb: Limactl.Verb, _ log: Log) async throws {
        try await limactl.perform(verb, on: name, log: log, follow: display.follow)
    }
}

extension GuestConnection.Route {
    /// The way through Lima to a VM; only a renewal finds one to a copy that still passes for another.
    ///
    /// - Throws: a `Refusal`.
    init(
        _ limactl: Limactl,
        to vm: MachineName,
        _ session: Session,
        isRenewal: Bool = false,
        note: @escaping (String) -> Void
    ) throws {
        if !isRenewal, let copied = try session.state(of: vm).copied() {
            throw Refusal(
                "\(vm) is a copy that still has the identity of \(copied.source.printable)",
                hint: "`dvm start \(vm)` gives it one of its own"
            )
        }
        shell = limactl.shell(vm)
        executable = try OwnExecutable.path()
        self.note = note
        let display = session.display
        remark = { display.output($0.utf8) }
        if !isRenewal { admit = { (facts) throws(Refusal) in try PassingFor.check(facts, of: vm, session) } }
    }
}

extension ProgressDisplay {
    /// Takes what limactl says as it comes; nothing when nobody wants to see it.
    var follow: (@Sendable ([UInt8]) -> Void)? {
        guard style.isVerbose || style.width != nil else { return nil }
        return { self.output($0, reading: self.style.isVerbose ? { $0 } : Limactl.words) }
    }
}
