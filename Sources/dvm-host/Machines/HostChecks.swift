internal import DVMProtocol

/// What `dvm doctor` looks at on this computer.
struct HostChecks: Sendable {
    var session: Session

    /// The checks for one VM, or for all that are configured.
    func checks(_ vm: MachineName?) async -> [DoctorReport.Check] {
        var checks: [DoctorReport.Check] = []
        var limactl: Limactl?
        do {
            let found = try Limactl(session.environment)
            let version = try await found.checkVersion()
            limactl = found
            checks.append(.init("limactl", .pass, "\(version), \(found.executable.shown)"))
        } catch {
            checks.append(Self.failure("limactl", error))
        }
        checks.append(configurationDirectory())
        if vm == nil {
            checks += session.configuration.misnamed().map { .init("configurations of VMs", .warn, $0) }
        }
        for name in vm.map({ [$0] }) ?? session.configuration.names() {
            checks += await machineChecks(name, limactl)
        }
        return checks
    }

    private func configurationDirectory() -> DoctorReport.Check {
        let name = "configuration directory"
        let files = TrustedFiles(root: session.paths.config)
        do throws(Refusal) {
            guard try files.checkDirectory("vms") else {
                return .init(name, .pass, "\(session.paths.config.shown) has no VMs yet")
            }
            return .init(name, .pass, "\(session.paths.config.shown), changed by nobody else")
        } catch {
            return Self.failure(name, error)
        }
    }

    private func machineChecks(_ vm: MachineName, _ limactl: Limactl?) async -> [DoctorReport.Check] {
        let settings: Settings
        do {
            settings = try await session.configuration.load(vm).settings
        } catch {
            return [Self.failure("configuration of \(vm)", error)]
        }
        var checks = [DoctorReport.Check("configuration of \(vm)", .pass, "every value is valid")]
        if let check = Self.proxy(settings, of: vm) { checks.append(check) }
        guard let limactl else { return checks }

        let name = "what Lima would start \(vm) with"
        do {
            guard let instance = try await limactl.instance(of: vm) else {
                return checks + [.init(name, .warn, "it has not been made", remedy: "dvm sync \(vm)")]
            }
            let machine = Machine(name: vm, settings: settings, limactl: limactl, session: session)
            try machine.checkConfiguration(of: instance)
            return checks + [.init(name, .pass, "plain, no mounts, declared ports only")]
        } catch {
            return checks + [Self.failure(name, error)]
        }
    }

    /// What a proxy of the VM means for AI tools; nothing where there is none, or they have no network anyway.
    static func proxy(_ settings: Settings, of vm: MachineName) -> DoctorReport.Check? {
        let uplink = settings.agentPolicy.network.uplink
        guard settings.system.proxy != nil, uplink != .none else { return nil }
        return .init(
            "proxy of \(vm)",
            .warn,
            "AI tools in their sandbox do not use \(Variable.proxy.name)",
            meaning:
                "where only the proxy leads to the internet, they have no network with DVM_AI_NET=\(uplink.rawValue)",
            remedy: "let the VM reach their servers directly, or work without them: DVM_AI_NET=none"
        )
    }

    /// A check that ended with an error.
    static func failure(_ name: String, _ error: any Error) -> DoctorReport.Check {
        let refusal = error as? Refusal ?? Refusal("\(error)")
        let lines = refusal.message.split(separator: "\n").joined(separator: "; ")
        return .init(name, .fail, lines, remedy: refusal.hint)
    }
}
