internal import DVMProtocol

/// Does what comes after every unit; safe to run again.
struct Settling {
    let settle: Settle
    /// Whether places may have been opened since they were closed.
    var closes = true

    /// Runs every step in order and says which had something to do.
    ///
    /// - Throws: the first step's `Refusal`; the steps before it stay done.
    func run(_ progress: (String) -> Void) throws(Refusal) -> Settled {
        var settled = Settled(changes: [])
        func step(_ name: String, _ body: () throws(Refusal) -> Bool) throws(Refusal) {
            progress(name)
            if try body() { settled.changes.append(name) }
        }
        let settings = try Settings.read()
        let developer = try Developer.account(settings.user)

        try step("login shell") { () throws(Refusal) in
            try LoginShell.set(settle.loginShell, for: developer, in: SystemTree())
        }
        if let identity = settle.git {
            if Status.of("/usr/bin/git") == nil {
                settled.notes.append("there is no git in the VM, so it was not told who commits are by")
            } else {
                try step("name and address of commits") { () throws(Refusal) in
                    try DeveloperGit(developer).set(identity)
                }
            }
        }
        if closes {
            // What a unit ran as root may have opened, or made anew in the home.
            try step("home closed to the agent") { () throws(Refusal) in try Developer.closeHome(developer) }
            let places = try DeniedPlaces(
                settings.agents.denied,
                home: developer.home,
                project: settings.codeDirectory
            )
            try step("secrets closed to the agent") { () throws(Refusal) in
                try places.close(to: AgentAccount.account(), for: developer)
            }
        }
        try AgentAccount.check(AgentAccount.account(), developer: developer, in: Accounts.read())
        try step("AI tools' wrappers") { () throws(Refusal) in try Wrappers.install(for: settings.tools) }
        return settled
    }
}
