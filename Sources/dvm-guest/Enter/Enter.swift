internal import CLinux
internal import DVMProtocol

// What each confinement does, in order. Nothing here is undone: the process ends as the program, or it ends.

extension Enter {
    /// Becomes a program of root's that sets the VM up or tells of it, in a session of its own.
    static func become(_ spawn: Spawn, as root: Spawn.Root, _ report: ReportStream) throws(Refusal) -> Never {
        let parent = ParentProcess()
        try Descriptors.closeOnExec(from: 3)
        try Session.lead()
        Session.resetSignals()
        Session.setFileMask()
        // It may have been handed secrets.
        try Session.forbidCoreFiles()
        Session.enterFirst(of: [root.directory, "/"])
        // It is not to go on when nobody watches over it any more.
        try parent.dieTogether()
        try Replacement(spawn).replace(report)
    }

    /// Becomes a program of the developer, with everything a login would have.
    ///
    /// No `no_new_privs`, and the bounding set stays: `su`, `sudo` where it is allowed and rootless containers
    /// (newuidmap) work as after a login.
    static func become(_ spawn: Spawn, as developer: Spawn.Developer, _ report: ReportStream) throws(Refusal) -> Never {
        let parent = ParentProcess()
        // First, before anything is opened: what `serve` leaked is not seen by the program. Descriptor 3 closes on exec
        // too, which is how `serve` learns that the program runs.
        try Descriptors.closeOnExec(from: 3)
        // A supervisor is spared; what it starts is not, and the right to say so goes with root's.
        try OutOfMemory.rejoin()
        try Session.lead()
        if spawn.terminal { try Session.takeTerminal() }
        Session.resetSignals()
        Session.setFileMask()
        if let limits = developer.limits { try Session.limit(limits) }
        // Groups, group, user: the user last, it takes the right to change the others.
        try Identity.become(uid: developer.uid, gid: developer.gid, groups: developer.groups)
        // As the user and not as root: a directory counts as it counts for them.
        Session.enterFirst(of: [developer.directory, developer.home, "/"])
        // After the change of user, which forgets it.
        if developer.isBound { try parent.dieTogether() }
        try Replacement(spawn).replace(report)
    }

    /// Becomes Bubblewrap, which becomes `inner`, which becomes a tool of the agent.
    static func become(_ spawn: Spawn, as agent: Spawn.Agent, _ report: ReportStream) throws(Refusal) -> Never {
        let parent = ParentProcess()

        // As for the developer; but descriptor 3 goes on to `inner`, which alone knows whether the tool could be started.
        try Descriptors.closeOnExec(from: 4)
        // While root says so, and so for good: what is set by others later can only be more.
        try OutOfMemory.place(OutOfMemory.first)
        // A session of its own, without the terminal: `inner` leads another one that owns it, so that Ctrl-C reaches
        // the tool and not Bubblewrap, whose death would take the tool along.
        try Session.lead()
        Session.resetSignals()
        // Before anything is made: what is staged must be open to the agent whatever mask `serve` was started with.
        Session.setFileMask()
        // With pipes the tool is in our process group, and decides for itself what a signal to the group means.
        if !spawn.terminal { Session.ignoreSignalsToTheGroup() }

        // Everything that can be refused without having changed anything.
        try Identity.check(agent)
        try Bubblewrap.check()
        try UserNamespaces.check()
        // A session's supervisor has made it; without one it is made here. No agent is ever in the VM's network.
        let network = try agent.network == nil ? SessionNetwork.make(for: agent) : nil
        try NetworkNamespace.check(agent.network)
        let pinnedProject = try Project.pin(agent)
        let agent = try ProjectMount.settled(agent, on: pinnedProject)
        // Looked through by its owner; root goes on with a list of paths it believes nothing about.
        let carved = try CarvedProject.plan(pinnedProject, agent)
        let project = try ProjectMount.make(of: pinnedProject, for: agent)
        let home = try ToolHome.pin(agent)
        let layout = SystemLayout.read()
        // Before the homes are covered: it asks the developer's who they are.
        let git = HomeGitSettings(of: agent)

        // The mounts above are ours and nowhere yet. Only now a namespace of our own: the kernel copies mounts of the
        // caller's namespace, and the pinned directories are in the VM's.
        let stage = try Staging(project: project, carved: carved, home: home.mount)
        // After the staging: the project is usually below what this covers.
        try Staging.coverHomes(developerHome: agent.developerHome)

        // The files Bubblewrap and `inner` inherit. Their descriptors alone are not close-on-exec.
        let staged = try MountTable.own()
        let launch = try Bubblewrap(View(agent, stage: stage, layout: layout), git: git) { mounts throws(Refusal) in
            let mounts = carved.planned(in: mounts).staged(in: staged)
            let directories = [View.workspace: FileIdentity(pinnedProject.status)].merging(home.directories) { $1 }
            return try InnerOrder(spawn, agent, mounts: mounts, directories: directories)
        }

        // From here on only dropping. The bounding set needs CAP_SETPCAP, groups need CAP_SETGID: so these first.
        try Capabilities.dropBoundingAndAmbient()
        try Identity.become(uid: agent.uid, gid: agent.gid, groups: [])
        try Capabilities.dropAll()
        try Capabilities.neverRegain()
        try Identity.provePermanent()
        // After the change of user, which forgets it.
        try parent.dieTogether()
        try Session.forbidCoreFiles()
        // After everything that is written here.
        if let most = agent.largestFile { try Session.limitFiles(most) }
        // Its gate goes on as this process does, which is Bubblewrap from here on.
        try withExtendedLifetime(network) { () throws(Refusal) in try launch.replace() }
    }
}
