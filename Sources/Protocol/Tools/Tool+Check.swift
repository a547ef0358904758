extension Tool {
    /// Words that come after `dvm ai` and are no tool.
    public static let verbs: Set<String> = ["login", "run", "help"]

    /// The most tools of their own a person has, and the most entries a part of one has.
    public static let most = 64

    /// Refuses a name that no tool of a person's own can have.
    ///
    /// - Throws: a `Refusal` that quotes it.
    public static func checkOwnName(_ name: String) throws(Refusal) {
        let letters = "abcdefghijklmnopqrstuvwxyz"
        guard let first = name.first, letters.contains(first), name.last != "-", name.utf8.count <= 32,
            name.allSatisfy({ (letters + "0123456789-").contains($0) })
        else {
            throw Refusal(
                "“\(name.printable)” cannot name a tool",
                hint: "use up to 32 lowercase letters, digits and hyphens, starting with a letter"
            )
        }
        guard !verbs.contains(name), !name.hasPrefix("dvm") else {
            throw Refusal("“\(name)” cannot name a tool: the word means something to dvm", hint: "use another name")
        }
        if let known = all.first(where: { $0.commands.contains(name) }) {
            throw Refusal(
                "“\(name)” is dvm's own name for \(known.summary)",
                hint: "use another name, such as my-\(name)"
            )
        }
    }

    /// Refuses a tool of a person's own that cannot be one.
    ///
    /// Its name becomes a path, its state mounts and its variables an environment, so each is looked at on both sides of
    /// the link.
    ///
    /// - Throws: a `Refusal` that names the part.
    public func checkOwn() throws(Refusal) {
        try Self.checkOwnName(name)
        let lists = [
            programs, always.arguments, unattended.arguments, attended.arguments, passed, state, domains,
            signIn?.arguments ?? [], signIn?.callback?.arguments ?? [],
        ]
        guard lists.allSatisfy({ $0.count <= Self.most }), always.variables.count <= Self.most else {
            throw Refusal("more than \(Self.most) entries in one part of the tool \(name)")
        }
        // What a configuration cannot write, it cannot mean.
        guard aliases.isEmpty, otherSwitches.isEmpty, [always, unattended, attended].allSatisfy(\.files.isEmpty),
            unattended.variables.isEmpty, attended.variables.isEmpty, !programs.isEmpty
        else {
            throw Refusal("the tool \(name) is not one a file could describe")
        }
        for program in programs { try Self.checkProgram(program) }
        for name in passed + always.variables.keys.sorted() { try Self.checkVariable(name) }
        for path in state { try Self.checkState(path, beside: state) }
        for domain in domains { _ = try HostRule(domain) }
        try signIn?.callback?.check()
        let words = [summary] + lists.flatMap(\.self) + always.variables.values
        guard words.allSatisfy({ $0.utf8.count <= 4096 && !$0.utf8.contains(0) }) else {
            throw Refusal("a word of the tool \(name) is too long or contains a NUL byte")
        }
    }

    /// Refuses a program that an agent does not see, or that would be the wrapper itself.
    public static func checkProgram(_ path: String) throws(Refusal) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let plain = parts.allSatisfy { !["", ".", ".."].contains($0) }
        guard path.hasPrefix("/usr/"), plain, parts.count >= 3 else {
            throw Refusal(
                "“\(path.printable)” is not where an agent's tool can be",
                hint: "the sandbox shows programs below /usr only; write the absolute path there"
            )
        }
        guard !path.hasPrefix("/usr/local/bin/") else {
            throw Refusal(
                "“\(path.printable)” is where dvm puts the command that starts the tool",
                hint: "install the program below /usr/local/libexec/dvm/tools"
            )
        }
    }

    /// Refuses a variable that decides more than a tool's own business.
    public static func checkVariable(_ name: String) throws(Refusal) {
        try EnvironmentName.check(name)
        let ours: Set<String> = ["HOME", "PATH", "USER", "LOGNAME", "SHELL", "TMPDIR", "XDG_RUNTIME_DIR"]
        guard !ours.contains(name) else {
            throw Refusal("\(name) is set by dvm for every tool", hint: "leave it out")
        }
    }

    /// Refuses a state directory that is not a plain path below the home, or that overlaps another.
    ///
    /// Directly below the home only those that start with a dot: `.` and `..` are no names, and a home has no others of a
    /// tool's.
    public static func checkState(_ path: String, beside others: [String]) throws(Refusal) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
        let plain = parts.allSatisfy { part in
            !["", ".", ".."].contains(part) && part.utf8.count <= 64 && part.allSatisfy(letters.contains)
        }
        guard plain, parts.count <= 8, parts[0].hasPrefix(".") else {
            throw Refusal(
                "“\(path.printable)” is not a directory of a tool's home that can be kept",
                hint: "write it relative to the home, such as .config/tool"
            )
        }
        // A program that could put files there would start in every later session.
        let shared = [".config", ".local", ".local/share", ".local/state", ".local/bin", ".cache", ".ssh"]
        guard !shared.contains(path) else {
            throw Refusal(
                "“\(path)” belongs to every program of a home and is not kept",
                hint: "name the tool's own directory, such as .config/tool"
            )
        }
        let overlapping = others.filter { $0 == path }.count > 1 || others.contains { $0.hasPrefix(path + "/") }
        guard !overlapping else {
            throw Refusal("“\(path)” is named twice, or contains another directory that is kept", hint: "name it once")
        }
    }
}
