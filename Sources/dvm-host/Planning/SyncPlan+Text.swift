internal import DVMProtocol

extension SyncPlan {
    /// The plan for people, of a VM that nobody asked; the verb would carry it out.
    func text(_ verb: String, _ vm: MachineName, _ settings: Settings) -> String {
        var lines = ["`dvm \(verb) \(vm)` would do this; nothing was asked, started or changed:"]
        var number = 0
        for step in self.lines(vm, settings) {
            number += 1
            lines.append("\(number < 10 ? " " : "")\(number). \(step.title)")
            lines += step.details.map { "      \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    /// Each step in words, and what there is to know about it.
    func lines(_ vm: MachineName, _ settings: Settings) -> [(title: String, details: [String])] {
        steps.map { Self.lines(of: $0, vm, settings) }
    }

    private static func lines(of step: Step, _ vm: MachineName, _ settings: Settings)
        -> (title: String, details: [String])
    {
        switch step {
        case .instance(nil):
            let title =
                "make \(vm.instance) where it is missing, change it where it differs, start it where it does not run"
            return (title, instance(settings))
        case .instance(let steps?):
            return (
                steps.isEmpty ? "leave \(vm.instance) as it runs" : steps.map(text).joined(separator: ", then "), []
            )
        case .guestProgram: return ("install dvm’s program in it, where it is missing or of another build", [])
        case .accounts:
            return ("set it up", systemLines(settings, vm))
        case .unit(let unit): return (title(of: unit), details(of: unit))
        case .code(let repository):
            let branch = repository.branch.map { ", branch \($0.printable)" } ?? ""
            return ("get \(repository.address.printable)\(branch), where the code directory is empty", [])
        case .settle: return ("finish: closed places, and what recipes may have undone", settle(settings.settle))
        }
    }

    private static func text(_ step: InstanceStep) -> String {
        switch step {
        case .create: "make it"
        case .stop: "stop it"
        case .change(let reconciliation): "change it: \(reconciliation.changes.joined(separator: ", "))"
        case .start: "start it"
        }
    }

    private static func instance(_ settings: Settings) -> [String] {
        func line(_ name: String, _ value: String, _ variable: Variable) -> String {
            let origin = settings.origin(of: variable)
            return TerminalText.pad(name, to: 14) + value.printable
                + (origin == .builtIn ? "" : "  (\(origin.text.printable))")
        }
        return [
            line("template", settings.template.base, .template),
            line("CPUs", "\(settings.processors)", .cpus),
            line("memory", "\(settings.memory)", .memory),
            line("disk", "\(settings.disk)", .disk),
            line(
                "ports",
                settings.ports.isEmpty ? "none" : settings.ports.map(\.description).joined(separator: " "),
                .ports
            ),
        ]
            + [
                settings.vmType.map { line("kind of VM", $0.rawValue, .vmType) },
                settings.architecture.map { line("architecture", $0.rawValue, .architecture) },
                settings.network == .shared ? line("network", "shared with other VMs", .network) : nil,
            ].compactMap(\.self)
    }

    private static func systemLines(_ settings: Settings, _ vm: MachineName) -> [String] {
        let system = settings.system
        var lines = [
            "host name \(vm)",
            "user \(settings.user)\(system.sudo ? ", who may become root" : "")",
            "code directory \(settings.codeDirectory.printable)",
        ]
        if let zone = system.timeZone { lines.append("time zone \(zone.printable)") }
        if let locale = system.locale { lines.append("locale \(locale.printable)") }
        if let proxy = system.proxy { lines.append("proxy \((proxy.https ?? proxy.http ?? "").printable)") }
        if !system.certificates.isEmpty { lines.append("\(system.certificates.count) certificates of yours") }
        switch system.swap {
        case .none: break
        case .file(let size): lines.append("a swap file of \(MemorySize(mebibytes: size))")
        case .zram(let size): lines.append("compressed swap of \(MemorySize(mebibytes: size))")
        }
        return lines
    }

    private static func settle(_ settle: Settle) -> [String] {
        [
            settle.loginShell.map { "login shell \($0.printable)" },
            settle.git.map { "git: \([$0.name, $0.email].compactMap(\.self).joined(separator: ", ").printable)" },
        ].compactMap(\.self)
    }

    private static func title(of unit: PlannedUnit) -> String {
        let whom = unit.draft.identity == .root ? "root" : "the user"
        switch unit.decision {
        case .run(let reason): return "run \(unit.draft.name) as \(whom): \(reason.text)"
        case .skip: return "skip \(unit.draft.name): unchanged since it succeeded"
        case .leave: return "leave \(unit.draft.name): not asked for"
        }
    }

    private static func details(of unit: PlannedUnit) -> [String] {
        let draft = unit.draft
        var lines = ["from \(draft.origin.printable)"]
        if !draft.needs.isEmpty { lines.append("needs \(draft.needs.joined(separator: ", "))") }
        for (name, value) in draft.variables.sorted(by: { $0.key < $1.key }) {
            lines.append("\(name)=\(String(value.prefix(200)).printable)")
        }
        for secret in draft.secrets {
            let nowhere = unit.isKept(secret) ? "an earlier run" : "nowhere: it is not there"
            lines.append("secret \(secret.name) from \(secret.source?.text ?? nowhere)")
        }
        lines += draft.doubts
        return lines
    }
}
