internal import DVMProtocol

/// Turns variables into settings: every value is read once, here.
struct SettingsReader: Sendable {
    /// The home of the person on this host, which `~` in a file has become by the time bash hands out the value.
    let home: FilePath
    /// The AI tools there are, each with variables of its own.
    let tools: [Tool]
    private let standard: Settings
    private(set) var settings: Settings

    init(for vm: MachineName, home: FilePath, tools: [Tool] = Tool.all) {
        self.home = home
        self.tools = tools
        standard = Settings(for: vm)
        settings = standard
    }

    /// Takes in the variables from one place, over those from before.
    ///
    /// - Throws: a `Refusal` naming the variable, its value, where it is set and what to write instead.
    mutating func take(_ variables: Evaluation.Variables, from origin: Origin) throws(Refusal) {
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            let tool = tools.first { $0.switches.contains(name) }
            let variable = Variable(rawValue: name)
            if tool == nil, variable == nil { throw unknown(name, origin) }
            do throws(Refusal) {
                if let tool { try AgentVariables.setPrompts(of: tool, value, in: &settings.agents) }
                guard let variable else { continue }
                // An empty value means what leaving it out means, so that a file can take back another's choice.
                if value.isEmpty { reset(variable) } else { try set(variable, value) }
                settings.origins[variable] = value.isEmpty ? nil : origin
            } catch {
                throw Refusal(
                    "\(name)=\(value.shown), set in \(origin.text.printable): \(error.message)",
                    hint: error.hint
                )
            }
        }
    }

    private func unknown(_ name: String, _ origin: Origin) -> Refusal {
        let known = Variable.allCases.map(\.name) + tools.flatMap(\.switches)
        return Refusal(
            "\(name.printable), set in \(origin.text.printable), is not a variable of dvm",
            hint: Suggestion.nearest(to: name, among: known).map { "did you mean \($0)?" }
                ?? "there are \(known.joined(separator: ", "))"
        )
    }

    private mutating func reset(_ variable: Variable) {
        switch variable {
        case .cpus: settings.cpus = standard.cpus
        case .memory: settings.memory = standard.memory
        case .disk: settings.disk = standard.disk
        case .user: settings.user = standard.user
        case .codeDirectory: settings.codeDirectory = standard.codeDirectory
        case .ports: settings.ports = standard.ports
        case .template: settings.template = standard.template
        case .vmType: settings.vmType = standard.vmType
        case .architecture: settings.architecture = standard.architecture
        default: AgentVariables.reset(variable, in: &settings.agents, to: standard.agents)
        }
    }

    private mutating func set(_ variable: Variable, _ value: Evaluation.Value) throws(Refusal) {
        if variable == .ports {
            var ports: [PortForward] = []
            for word in value.words { ports.append(try PortForward(word)) }
            try PortForward.check(ports)
            settings.ports = ports
            return
        }
        if try AgentVariables.set(list: variable, value.words, home: home, in: &settings.agents) { return }
        guard case .text(let text) = value else {
            throw Refusal("it is a list", hint: "write \(variable.name)=value, without parentheses")
        }
        switch variable {
        case .cpus: settings.cpus = try Self.cpus(text)
        case .memory: settings.memory = try Self.size(text, least: MemorySize(mebibytes: 512))
        case .disk: settings.disk = try Self.size(text, least: .gibibytes(1))
        case .user:
            try AccountName.check(text)
            settings.user = text
        case .codeDirectory: settings.codeDirectory = try inGuest(text)
        case .ports: break
        case .template: settings.template = try Template(text)
        case .vmType: settings.vmType = try Self.choice(text)
        case .architecture: settings.architecture = text == "default" ? nil : try Self.choice(text, or: "default")
        default: try AgentVariables.set(variable, text, in: &settings.agents)
        }
    }

    private static func cpus(_ text: String) throws(Refusal) -> Int? {
        if text == "auto" { return nil }
        let isNumber = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isNumber, let count = Int(text), (1...1024).contains(count) else {
            throw Refusal("it is not a number of CPUs", hint: "write a number such as 4, or auto")
        }
        return count
    }

    static func size(_ text: String, least: MemorySize) throws(Refusal) -> MemorySize {
        let size = try MemorySize(text)
        guard size >= least else { throw Refusal("it is too little", hint: "write at least \(least)") }
        return size
    }

    static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String,
        or other: String? = nil
    ) throws(Refusal) -> Choice {
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue) + [other].compactMap(\.self)
            throw Refusal(
                "it is not one of \(words.joined(separator: ", "))",
                hint: "leave it out for the usual choice"
            )
        }
        return choice
    }

    private func inGuest(_ text: String) throws(Refusal) -> String {
        let path = Self.inGuest(text, home: home)
        try GuestPath.check(path)
        return path
    }

    /// A path in the VM; one below this host's home was written with `~` and means the home in the VM.
    static func inGuest(_ text: String, home: FilePath) -> String {
        var path = text
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let home = home.string
        if home != "/", path == home || path.hasPrefix("\(home)/") { path = "~\(path.dropFirst(home.count))" }
        return path
    }
}

extension Evaluation.Value {
    var isEmpty: Bool {
        switch self {
        case .text(let text): text.allSatisfy(\.isWhitespace)
        case .list(let items): items.isEmpty
        }
    }

    /// The words of a list, or of a text that stands for one.
    var words: [String] {
        switch self {
        case .text(let text): text.split(whereSeparator: \.isWhitespace).map(String.init)
        case .list(let items): items
        }
    }

    /// The value as messages show it.
    var shown: String {
        let text =
            switch self {
            case .text(let text): text
            case .list(let items): "(\(items.joined(separator: " ")))"
            }
        return "“\(String(text.prefix(200)).printable)”"
    }
}
