internal import ArgumentParser
internal import DVMProtocol

struct SshConfig: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh-config",
        abstract: "Let ssh, and what uses it, reach VMs as dvm-<vm>",
        discussion: """
            Prints entries for ssh by which editors, rsync and git reach a VM as DVM_USER. With --install, ssh finds \
            them by itself: one line is put at the top of ~/.ssh/config, and nothing else in it is touched. From then \
            on new VMs and new ports are known too; `dvm sync` and every start of a VM by dvm see to that.

            The entries use Lima's key and know a VM by its own keys, which came over dvm's link. Nothing of this \
            computer is forwarded. A VM that dvm has not asked before is asked, and started for it when it is named.

            Examples:
              dvm ssh-config --install         then `ssh dvm-app`, `git clone dvm-app:code/app`, `rsync … dvm-app:`
              dvm ssh-config app               print the entry of one VM
              dvm ssh-config --remove          take the line out of ~/.ssh/config again
            """
    )

    @Argument(help: "Names of the VMs; all when left out", completion: .shellCommand("dvm ls --names"))
    var vms: [String] = []

    @Flag(help: "Add the line to ~/.ssh/config by which ssh finds the entries")
    var install = false

    @Flag(help: "Take that line away again")
    var remove = false

    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    func run() async throws {
        if remove, install || !vms.isEmpty {
            throw UsageRefusal(
                refusal: Refusal(
                    "--remove takes the line for all VMs away",
                    hint: "use `dvm ssh-config --remove` alone"
                )
            )
        }
        let named = try vms.map { typed throws(UsageRefusal) in
            try UsageRefusal.from { () throws(Refusal) in try MachineName(typed) }
        }
        let session = try talk.session()
        let config = try PersonalSshConfig(session.paths)
        if dry.isOn(session), !install, !remove {
            for vm in named {
                try session.tell(
                    "`dvm ssh-config \(vm)` would print its entry; \(vm.instance) would be started and asked if it never was",
                    of: vm
                )
            }
            guard named.isEmpty else { return }
            return try Output.print(
                "`dvm ssh-config` would print the entries of all VMs, and ask those that run and never were; nothing was "
                    + "asked or done"
            )
        }
        if dry.isOn(session) {
            let path = config.path.shown
            let isNeeded = config.hasLine == remove
            let what = remove ? "take one line out of \(path)" : "put one line at the top of \(path)"
            return try Output.print(
                "`dvm ssh-config --\(remove ? "remove" : "install")` would "
                    + (isNeeded ? what : "change nothing in \(path)") + "; nothing was asked or done"
            )
        }
        if remove {
            let was = try config.remove()
            return session.display.note(
                was ? "took the line out of \(config.path.shown)" : "\(config.path.shown) has no such line"
            )
        }

        let entries = try await session.sshEntries(named)
        guard install else { return try Output.print(entries.joined(separator: "\n")) }
        let isNew = try config.install()
        session.display.note(
            isNew
                ? "wrote one line at the top of \(config.path.shown); try `ssh dvm-\(named.first?.text ?? "<vm>")`"
                : "\(config.path.shown) has the line already"
        )
    }
}

extension Session {
    /// The entries of VMs, or of all that are configured, each brought up to date; a comment for one that has none.
    ///
    /// - Throws: a `Refusal` for a VM that was named.
    func sshEntries(_ named: [MachineName]) async throws -> [String] {
        let store = SshEntryStore(paths: paths)
        let wanted = named.isEmpty ? configuration.names() : named
        for vm in named where !configuration.names().contains(vm) { throw configuration.unknown(vm) }
        var running: Set<MachineName>?
        var entries: [String] = []
        for vm in wanted {
            do {
                if store.login(vm) == nil {
                    if named.isEmpty, running == nil {
                        let list = try await limactl().list()
                        running = Set(list.filter { $0.status == .running }.compactMap(\.machine))
                    }
                    // None is started only to be asked, unless somebody wants this very one.
                    if !named.isEmpty || running?.contains(vm) == true { try await learnLogin(of: vm) }
                }
                entries.append(
                    try store.refresh(vm).map { $0.droppingLast }
                        ?? "# \(vm): not known yet; `dvm ssh-config \(vm)` starts it and asks it"
                )
            } catch let refusal as Refusal where named.isEmpty {
                display.note("\(vm) has no entry: \(refusal.message)")
                entries.append("# \(vm): no entry; `dvm ssh-config \(vm)` says why")
            }
        }
        return entries
    }

    /// Asks a VM how it is logged in to, starting it where needed.
    func learnLogin(of vm: MachineName, for verb: String = "ssh-config") async throws {
        let guest = try await connection(to: vm, for: verb)
        try SshEntryStore(paths: paths).learn(try guest.perform(.remoteLogin, as: RemoteLogin.self), of: vm)
    }

    /// Brings the entry of a VM up to date, which may have another port after a start.
    ///
    /// What is wrong with it is said by `dvm ssh-config`, and keeps nothing else from working.
    func refreshSshEntry(of vm: MachineName) { _ = try? SshEntryStore(paths: paths).refresh(vm) }
}

extension String {
    fileprivate var droppingLast: String { hasSuffix("\n") ? String(dropLast()) : self }
}
