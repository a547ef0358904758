/// A program to be run in the VM.
public struct Program: Hashable, Codable, Sendable {
    /// What is run, which also decides as whom: tools are confined, everything else is the developer's.
    public enum Command: Hashable, Codable, Sendable {
        /// The developer's login shell.
        case loginShell
        /// A program and its arguments, as the developer.
        case words([String])
        /// An AI tool in the agent's sandbox, with the arguments the person gave.
        case tool(name: String, arguments: [String])
        /// What signs a person in to an AI tool, in the agent's sandbox as well; with a port, the browser comes back to that
        /// port of the host, and what it brings is handed on.
        case signIn(tool: String, callback: UInt16? = nil)
        /// What a service of the VM wrote to the journal, read as root and without a terminal.
        case journal(JournalQuery)
    }

    /// What is run.
    public var command: Command
    /// Where, as an absolute path in the VM; the code directory when absent.
    public var directory: String?
    /// Variables beside those the guest sets itself; for a tool, only declared or asked-for names.
    public var environment: [String: String]
    /// The terminal it gets; without one, its streams are pipes.
    public var terminal: Terminal?
    /// How many bytes of each output stream may be sent before the first credit.
    public var outputWindow: Int
    /// Whether it goes on when the link ends, to be attached to again: tools on a terminal only.
    public var detached: Bool?

    /// A program.
    public init(
        _ command: Command,
        directory: String? = nil,
        environment: [String: String] = [:],
        terminal: Terminal? = nil,
        outputWindow: Int = Credit.pipeWindow,
        detached: Bool? = nil
    ) {
        self.command = command
        self.directory = directory
        self.environment = environment
        self.terminal = terminal
        self.outputWindow = outputWindow
        self.detached = detached
    }

    /// A terminal for a program.
    public struct Terminal: Hashable, Codable, Sendable {
        /// What kind of terminal, as in `TERM`.
        public var name: String
        /// Its size.
        public var size: TerminalSize

        /// A terminal of a kind and size.
        public init(name: String, size: TerminalSize) {
            self.name = name
            self.size = size
        }
    }
}

/// The size of a terminal in character cells, and in pixels where known.
public struct TerminalSize: Hashable, Codable, Sendable {
    /// Character cells in a row.
    public var columns: UInt16
    /// Rows of character cells.
    public var rows: UInt16
    /// Width in pixels, 0 when unknown.
    public var width: UInt16
    /// Height in pixels, 0 when unknown.
    public var height: UInt16

    /// A size.
    public init(columns: UInt16, rows: UInt16, width: UInt16 = 0, height: UInt16 = 0) {
        self.columns = columns
        self.rows = rows
        self.width = width
        self.height = height
    }
}

extension Program {
    /// The most words or variables a program may be given.
    static let mostWords = 16384

    /// Refuses what no kernel or shell could take, before anything is made from it.
    ///
    /// - Throws: a `Refusal` that names the part.
    func check() throws(Refusal) {
        let words: [String] =
            switch command {
            case .loginShell, .journal: []
            case .words(let words): words
            case .tool(let name, let arguments): [name] + arguments
            case .signIn(let name, _): [name]
            }
        if case .words([]) = command { throw Refusal("there is no program to run") }
        guard words.count <= Self.mostWords, environment.count <= Self.mostWords else {
            throw Refusal("more than \(Self.mostWords) arguments or variables for one program")
        }
        guard !(words + [directory ?? "", terminal?.name ?? ""]).contains(where: { $0.utf8.contains(0) }) else {
            throw Refusal("an argument contains a NUL byte")
        }
        guard directory?.hasPrefix("/") ?? true else { throw Refusal("the directory is not an absolute path") }
        for (name, value) in environment {
            try EnvironmentName.check(name)
            guard !value.utf8.contains(0) else { throw Refusal("the variable \(name) contains a NUL byte") }
        }
        guard (Frame.largestData...Credit.largestWindow).contains(outputWindow) else {
            throw Refusal("an output window of \(outputWindow) bytes")
        }
        if case .journal(let query) = command {
            try query.check()
            guard terminal == nil, directory == nil, environment.isEmpty else {
                throw Refusal("the journal is read without a terminal, a directory and variables")
            }
        }
        guard detached == true else { return }
        guard case .tool = command, terminal != nil else {
            throw Refusal("only AI tools on a terminal of their own go on when the link ends")
        }
    }
}

/// The rule for names of environment variables.
public enum EnvironmentName {
    /// Refuses a name that a shell could not set.
    ///
    /// - Throws: a `Refusal` that quotes the name.
    public static func check(_ name: String) throws(Refusal) {
        func letter(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
        }
        func digit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        guard let first = name.utf8.first, letter(first), name.utf8.allSatisfy({ letter($0) || digit($0) }) else {
            throw Refusal(
                "“\(name.printable)” cannot name an environment variable",
                hint: "use letters, digits and underscores, not starting with a digit"
            )
        }
    }
}
