/// An AI tool that runs in the agent's sandbox: everything dvm knows of it is in this value.
public struct Tool: Hashable, Codable, Sendable {
    /// What people call it, the name of its wrapper and of its home.
    public var name: String
    /// Other commands that start it.
    public var aliases: [String] = []
    /// What it is, in a few words.
    public var summary: String
    /// Where its program may be in the VM, as absolute paths; the first one there is counts.
    public var programs: [String]
    /// What it always gets: its own sandbox, its updates and its telemetry off.
    public var always = Settings()
    /// What it gets besides when nobody is asked before it acts, which is how it is run unless a configuration says
    /// otherwise: our sandbox takes the place of prompts.
    public var unattended = Settings()
    /// What it gets instead of that when the person wants to be asked.
    public var attended = Settings()
    /// Variables it gets when the caller has set them.
    public var passed: [String] = []
    /// How a person signs in; absent for tools that know keys only.
    public var signIn: SignIn?
    /// Directories of its home that outlive a session, relative to it; everything else there is new every time.
    public var state: [String] = []
    /// Hosts it cannot work without, as in `DVM_AI_HOSTS`.
    public var domains: [String] = []
    /// Variables of a configuration that turn its prompts back on, beside `DVM_<TOOL>_YOLO`.
    public var otherSwitches: [String] = []

    /// A tool; what is left out it does not have.
    public init(
        name: String,
        aliases: [String] = [],
        summary: String,
        programs: [String],
        always: Settings = Settings(),
        unattended: Settings = Settings(),
        attended: Settings = Settings(),
        passed: [String] = [],
        signIn: SignIn? = nil,
        state: [String] = [],
        domains: [String] = [],
        otherSwitches: [String] = []
    ) {
        self.name = name
        self.aliases = aliases
        self.summary = summary
        self.programs = programs
        self.always = always
        self.unattended = unattended
        self.attended = attended
        self.passed = passed
        self.signIn = signIn
        self.state = state
        self.domains = domains
        self.otherSwitches = otherSwitches
    }

    /// Where its program is expected first.
    public var program: String { programs.first ?? "" }

    /// Every command that starts it.
    public var commands: [String] { [name] + aliases }

    /// What it is told to do without and with prompts.
    public struct Settings: Hashable, Codable, Sendable {
        /// Arguments before the person's.
        public var arguments: [String] = []
        /// Variables; a value that starts with `~/` means its home.
        public var variables: [String: String] = [:]
        /// Texts of files below `/etc` that programs take for the administrator's word, by path.
        public var files: [String: String] = [:]

        /// Settings; what is left out says nothing.
        public init(arguments: [String] = [], variables: [String: String] = [:], files: [String: String] = [:]) {
            self.arguments = arguments
            self.variables = variables
            self.files = files
        }

        /// These settings with others over them.
        public func adding(_ other: Self) -> Self {
            Self(
                arguments: arguments + other.arguments,
                variables: variables.merging(other.variables) { $1 },
                files: files.merging(other.files) { $1 }
            )
        }
    }

    /// How a person gives a tool their account.
    ///
    /// Nothing can be opened from inside the sandbox, so the tool shows an address. Then there is a code to type there, or
    /// one to paste, or the browser comes back to where the tool waits.
    public struct SignIn: Hashable, Codable, Sendable {
        /// Arguments that start it, in place of what a person would give.
        public var arguments: [String]
        /// Where the browser comes back to, for a tool that always waits at the same place.
        public var callback: Callback?

        /// A sign-in that these arguments start.
        public init(arguments: [String], callback: Callback? = nil) {
            self.arguments = arguments
            self.callback = callback
        }
    }

    /// What it gets, with prompts or without.
    public func settings(prompting: Bool) -> Settings { always.adding(prompting ? attended : unattended) }

    /// The variables of a configuration that turn its prompts back on; none for a tool that has none.
    public var switches: [String] {
        guard unattended != Settings() else { return [] }
        return otherSwitches + commands.map { "DVM_\($0.uppercased().replacing("-", with: "_"))_YOLO" }
    }
}

extension Tool {
    /// How a person uses a tool that has no sign-in of its own.
    public var keyHint: String {
        passed.isEmpty
            ? "it needs none, or takes a key that --env hands on"
            : "set \(passed.joined(separator: " or ")) where you start it"
    }

    /// Where a program is that dvm or the VM's package manager installed for everyone.
    ///
    /// Not `/usr/local/bin`: the wrapper is there, which would start itself.
    public static func places(of program: String, installedAs name: String) -> [String] {
        ["/usr/local/libexec/dvm/tools/\(name)/bin/\(program)", "/usr/bin/\(program)"]
    }

    /// The tool of a name or alias, among those there are.
    ///
    /// - Throws: a `Refusal` that lists them.
    public static func named(_ name: String, among tools: [Self] = all) throws(Refusal) -> Self {
        guard let tool = tools.first(where: { $0.commands.contains(name) }) else {
            throw Refusal(
                "there is no AI tool called “\(name.printable)”",
                hint: "there are \(tools.map(\.name).joined(separator: ", "))"
            )
        }
        return tool
    }
}
