internal import DVMProtocol

/// Makes a VM fit to work in; safe to run again, at any point it was interrupted.
struct Provisioning {
    let plan: Provision

    init(_ plan: Provision) { self.plan = plan }

    /// Runs every step in order and says which had something to do.
    ///
    /// - Throws: the first step's `Refusal`; the steps before it stay done.
    func run(_ progress: (String) -> Void) throws(Refusal) -> Provisioned {
        var changes: [String] = []
        var notes: [String] = []
        let system = SystemTree()
        let options = plan.system
        let note = { (text: String) in notes.append(text) }
        let install = { (package: Packages.Package) throws(Refusal) in _ = try Packages.install(missing: [package]) }
        func step(_ name: String, _ body: () throws(Refusal) -> Bool) throws(Refusal) {
            progress(name)
            if try body() { changes.append(name) }
        }

        try step("host name") { () throws(Refusal) in
            // Whoever talks to a copy that has another's identity has refused before this.
            let isNew = try IdentityRecord().keep(plan.hostName)
            return try HostName.set(plan.hostName) || isNew
        }
        // Before anything is downloaded.
        try step("proxy") { () throws(Refusal) in try ProxySettings.set(options.proxy, in: system) }
        try step("certificates") { () throws(Refusal) in
            try CertificateAuthorities.set(options.certificates, in: system, install: install)
        }
        try step("packages") { () throws(Refusal) in try Packages.install(missing: [.bubblewrap]) }
        try step("kernel settings") { () throws(Refusal) in try KernelSettings().harden() }
        try step("time zone") { () throws(Refusal) in try TimeZone.set(options.timeZone, in: system, note: note) }
        var locale = Locale.fallback
        try step("locale") { () throws(Refusal) in
            let (changed, found) = try Locale.set(options.locale, in: system, note: note, install: install)
            locale = found
            return changed
        }
        try step("swap") { () throws(Refusal) in try SwapSpace.set(options.swap, in: system, install: install) }
        try step("user \(plan.user)") { () throws(Refusal) in try Developer.make(plan.user) }
        try step("sudo") { () throws(Refusal) in try SudoRule.set(options.sudo, for: plan.user, in: system) }
        try step("agent account") { () throws(Refusal) in try AgentAccount.make(homesOf: Tool.all + plan.tools) }

        let developer = try Developer.account(plan.user)
        try step("subordinate ids") { () throws(Refusal) in
            try SubordinateRanges.set(options.subordinateIDs, for: developer, in: system, note: note)
        }
        let codeDirectory =
            plan.codeDirectory.hasPrefix("~/") ? developer.home + plan.codeDirectory.dropFirst() : plan.codeDirectory
        try step("home closed to the agent") { () throws(Refusal) in try Developer.closeHome(developer) }
        let places = try DeniedPlaces(plan.agents.denied, home: developer.home, project: codeDirectory)
        try step("code directory") { () throws(Refusal) in try CodeDirectory.make(codeDirectory, for: developer) }

        let settings = Settings(
            user: plan.user,
            codeDirectory: codeDirectory,
            agents: plan.agents,
            ownTools: plan.tools,
            name: plan.hostName,
            proxy: options.proxy,
            locale: locale,
            authorities: options.certificates.isEmpty ? nil : CertificateAuthorities.bundle(in: system)
        )
        try step("settings") { () throws(Refusal) in try settings.write() }
        // What is to be closed is written down by then: where it cannot be, `doctor` looks for these places, too.
        try step("secrets closed to the agent") { () throws(Refusal) in
            try places.close(to: AgentAccount.account(), for: developer)
        }
        try step("AI tools' wrappers") { () throws(Refusal) in try Wrappers.install(for: settings.tools) }
        let active = try ActiveUnits.among([AgentSocket.unit, DoorSocket.unit])
        try step("agents' socket") { () throws(Refusal) in
            try AgentSocket.install(for: developer, isActive: active.contains(AgentSocket.unit))
        }
        try step("logins with SSH") { () throws(Refusal) in try RemoteLoginRule.install(for: plan.user) }
        try step("the host's door") { () throws(Refusal) in
            try DoorSocket.install(isActive: active.contains(DoorSocket.unit))
        }
        var provisioned = Provisioned(changes: changes, codeDirectory: codeDirectory, notes: notes)
        provisioned.settled = try plan.settle.map { (settle) throws(Refusal) in
            // The places were closed above, and nothing has run since.
            try Settling(settle: settle, closes: false).run(progress)
        }
        provisioned.sessions = SessionDirectory.running().count
        provisioned.known = Self.known()
        return provisioned
    }

    private static func known() -> Provisioned.Known {
        var known = Provisioned.Known(records: UnitRecords().all(leaving: 64 * 1024))
        do throws(Refusal) { known.login = try RemoteLoginRule.look() } catch { known.loginTrouble = error }
        return known
    }
}
