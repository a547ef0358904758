internal import DVMProtocol

/// A program as a person asked for it, turned into what a process is to become.
///
/// Pure: everything it depends on is a value. The caller is hostile as soon as it is a wrapper in the VM, so a directory
/// is clamped and variables are the ones a tool declares or the caller names.
struct ProgramPlan: Equatable {
    var spawn: Spawn
    /// What becomes of it when the link dies.
    var loss: Channel.Loss
    /// Who works on its terminal.
    var owner: UInt32
    /// Where it waits for a browser that comes back.
    var callback: Tool.SignIn.Callback?

    /// The plan for a program in a VM with these settings and accounts.
    ///
    /// - Throws: a `Refusal` when an account or tool is missing.
    init(
        _ program: Program,
        settings: Settings,
        accounts: Accounts,
        session: @autoclosure () -> SessionID = SessionID.new()
    ) throws(Refusal) {
        guard let developer = accounts[settings.user] else {
            throw Refusal(
                "the user “\(settings.user)” is gone from the VM",
                hint: "run `dvm sync` for this VM on the host"
            )
        }
        switch program.command {
        case .loginShell:
            // A login shell is told so by a hyphen before its name, and reads its profile.
            let shell = developer.shell
            self = .developer(developer, words: [shell, "-l"], program, settings, accounts)
        case .journal(let query):
            self.init(query, uid: developer.uid)
        case .words(let words):
            self = .developer(developer, words: words, program, settings, accounts)
        case .tool(let name, let arguments):
            let tool = try settings.tool(name)
            var launch = tool.settings(prompting: settings.agents.prompting.contains(tool.name))
            launch.arguments += arguments
            try self.init(tool, launch, of: program, developer, settings, accounts, session())
        case .signIn(let name, let port):
            let tool = try settings.tool(name)
            guard let signIn = tool.signIn else {
                throw Refusal("\(tool.name) has no sign-in of its own", hint: tool.keyHint)
            }
            guard port == nil || port == signIn.callback?.port else {
                throw Refusal(
                    "\(tool.name) does not wait for a browser at port \(port ?? 0) in this VM",
                    hint: "run `dvm sync` for this VM, or sign in with `dvm ai login --device`"
                )
            }
            var launch = tool.always
            launch.arguments += signIn.words(byCallback: port != nil)
            try self.init(tool, launch, of: program, developer, settings, accounts, session())
            callback = port == nil ? nil : signIn.callback
        }
    }

    /// Root, who alone reads all of the journal.
    private init(_ query: JournalQuery, uid: UInt32) {
        self.init(
            spawn: Spawn(
                words: query.words(for: uid),
                environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "SYSTEMD_COLORS": "0"],
                terminal: false,
                confinement: .root(Spawn.Root(directory: "/"))
            ),
            loss: .kill,
            owner: 0
        )
    }

    private init(spawn: Spawn, loss: Channel.Loss, owner: UInt32) {
        self.spawn = spawn
        self.loss = loss
        self.owner = owner
    }

    private static func developer(
        _ account: Accounts.Account,
        words: [String],
        _ program: Program,
        _ settings: Settings,
        _ accounts: Accounts
    ) -> Self {
        let runtime = "/run/user/\(account.uid)"
        let base = [
            "HOME": account.home, "USER": account.name, "LOGNAME": account.name, "SHELL": account.shell,
            "PATH": "\(account.home)/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
            "LANG": settings.locale ?? Locale.fallback,
            "XDG_RUNTIME_DIR": runtime, "DBUS_SESSION_BUS_ADDRESS": "unix:path=\(runtime)/bus",
        ]
        let confinement = Spawn.Developer(
            uid: account.uid,
            gid: account.gid,
            groups: accounts.groups(of: account),
            directory: program.directory ?? settings.codeDirectory,
            home: account.home
        )
        return Self(
            spawn: Spawn(
                words: words,
                environment: base.merging(settings.surroundings) { $1 }.merging(terminal(of: program)) { $1 }
                    .merging(program.environment) { $1 },
                terminal: program.terminal != nil,
                confinement: .developer(confinement)
            ),
            loss: .hangup,
            owner: account.uid
        )
    }

    private init(
        _ tool: Tool,
        _ launch: Tool.Settings,
        of program: Program,
        _ developer: Accounts.Account,
        _ settings: Settings,
        _ accounts: Accounts,
        _ session: SessionID
    ) throws(Refusal) {
        guard let agent = accounts[AgentAccount.name] else {
            throw Refusal(
                "the account \(AgentAccount.name) is gone from the VM",
                hint: "run `dvm sync` for this VM on the host"
            )
        }
        try AgentAccount.check(agent, developer: developer, in: accounts)
        let home = AgentAccount.home(of: tool)
        let base = [
            "HOME": home, "USER": agent.name, "LOGNAME": agent.name, "SHELL": "/bin/bash",
            "PATH": "\(home)/.local/bin:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": "/tmp",
            "XDG_RUNTIME_DIR": "/run/user/\(agent.uid)",
        ]
        let variables = launch.variables.mapValues { $0.hasPrefix("~/") ? home + $0.dropFirst() : $0 }
        self.init(
            spawn: Spawn(
                words: [tool.program] + launch.arguments,
                environment: base.merging(settings.trust) { $1 }.merging(Self.terminal(of: program)) { $1 }
                    .merging(variables) { $1 }.merging(program.environment) { $1 }.merging(
                        settings.agents.network.proxyVariables
                    ) { $1 },
                terminal: program.terminal != nil,
                confinement: .agent(
                    Spawn.Agent(
                        uid: agent.uid,
                        gid: agent.gid,
                        developerUid: developer.uid,
                        developerGid: developer.gid,
                        developerHome: developer.home,
                        project: settings.codeDirectory,
                        home: home,
                        directory: Self.relative(program.directory, to: settings.codeDirectory),
                        session: session,
                        tool: tool.name,
                        policy: settings.agents,
                        programs: tool.programs,
                        state: tool.state,
                        files: launch.files,
                        domains: tool.domains
                    )
                )
            ),
            loss: .kill,
            owner: agent.uid
        )
    }

    private static func terminal(of program: Program) -> [String: String] {
        program.terminal.map { ["TERM": $0.name, "COLORTERM": "truecolor"] } ?? [:]
    }

    /// Where below the project a directory is; its top when it is anywhere else or tries to climb.
    static func relative(_ directory: String?, to project: String) -> String {
        guard let parts = directory?.parts(between: "/").filter({ !["", "."].contains($0) }) else { return "" }
        for top in [project, "/workspace"] {
            let above = top.parts(between: "/").filter { !$0.isEmpty }
            guard parts.starts(with: above) else { continue }
            let below = parts.dropFirst(above.count)
            return below.contains("..") ? "" : below.joined(separator: "/")
        }
        return ""
    }
}
