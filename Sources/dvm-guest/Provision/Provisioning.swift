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
        func step(_ name: String, _ body: () throws(Refusal) -> Bool) throws(Refusal) {
            progress(name)
            if try body() { changes.append(name) }
        }

        try step("host name") { () throws(Refusal) in try HostName.set(plan.hostName) }
        try step("packages") { () throws(Refusal) in try Packages.install(missing: [.bubblewrap]) }
        try step("kernel settings") { () throws(Refusal) in try KernelSettings().harden() }
        try step("user \(plan.user)") { () throws(Refusal) in try Developer.make(plan.user) }
        try step("agent account") { () throws(Refusal) in try AgentAccount.make(homesOf: Tool.all + plan.tools) }

        let developer = try Developer.account(plan.user)
        let codeDirectory =
            plan.codeDirectory.hasPrefix("~/") ? developer.home + plan.codeDirectory.dropFirst() : plan.codeDirectory
        try step("home closed to the agent") { () throws(Refusal) in try Developer.closeHome(developer) }
        let places = try DeniedPlaces(plan.agents.denied, home: developer.home, project: codeDirectory)
        try step("secrets closed to the agent") { () throws(Refusal) in
            try places.close(to: AgentAccount.account(), for: developer)
        }
        try step("code directory") { () throws(Refusal) in try CodeDirectory.make(codeDirectory, for: developer) }

        let settings = Settings(
            user: plan.user,
            codeDirectory: codeDirectory,
            agents: plan.agents,
            ownTools: plan.tools,
            name: plan.hostName,
            proxy: plan.system.proxy
        )
        try step("settings") { () throws(Refusal) in try settings.write() }
        try step("AI tools' wrappers") { () throws(Refusal) in try Wrappers.install(for: settings.tools) }
        try step("agents' socket") { () throws(Refusal) in try AgentSocket.install(for: developer) }
        try step("the host's door") { () throws(Refusal) in try DoorSocket.install() }
        return Provisioned(changes: changes, codeDirectory: codeDirectory)
    }
}
