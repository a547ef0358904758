extension ProvisionUnit {
    /// How long a unit may take, in seconds.
    public static let timeLimits = 1...86_400

    /// The variables every unit has, and those that change what a shell runs: a unit's own are never among them.
    public static let fixedVariables: Set<String> = [
        "HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "DEBIAN_FRONTEND", "DVM_NAME", "DVM_USER", "DVM_HOME",
        "DVM_CODE_DIR", "DVM_SECRETS_DIR", "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "IFS", "PS4", "PWD", "OLDPWD",
    ]

    /// Refuses a unit that could not be run as it was meant.
    ///
    /// The whole unit is one message: prelude, script, variables and secrets together are at most
    /// `Frame.largestPayload` (256 KiB) as JSON, of which line feeds and quotes take two bytes each.
    ///
    /// - Throws: a `Refusal` that names the unit and the part.
    public func check() throws(Refusal) {
        try Self.checkName(name)
        guard Self.timeLimits.contains(timeLimit) else {
            throw Refusal(
                "\(timeLimit) seconds cannot be the time limit of “\(name)”",
                hint: "write a number from \(Self.timeLimits.lowerBound) to \(Self.timeLimits.upperBound)"
            )
        }
        guard digest.utf8.count == 64, digest.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
            throw Refusal("“\(name)” comes without the digest it would be known by")
        }
        guard !script.utf8.contains(0), !prelude.utf8.contains(0) else {
            throw Refusal("“\(name)” is no text: it contains a NUL byte", hint: "it must be a script for Bash")
        }
        try checkVariables()
        try checkSecrets()
        let size = try JSON.encode(Request.task(.unit(self))).count
        guard size <= Frame.largestPayload else {
            throw Refusal(
                "“\(name)” is too large: with its helpers and variables it takes \(size / 1024) KiB of "
                    + "\(Frame.largestPayload / 1024)",
                hint: "have it download what is large, and compare the SHA-256"
            )
        }
    }

    /// Refuses a name that cannot be that of a file everywhere.
    ///
    /// - Throws: a `Refusal` that quotes the name.
    public static func checkName(_ name: String) throws(Refusal) {
        let allowed = name.utf8.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "-_.".utf8.contains($0) }
        guard allowed, let first = name.utf8.first, Ascii.isLetter(first) || Ascii.isDigit(first),
            name.utf8.count <= 64
        else {
            throw Refusal(
                "“\(name.printable)” cannot name a recipe",
                hint: "use up to 64 letters, digits, hyphens, underscores and dots, starting with a letter or digit"
            )
        }
    }

    private func checkVariables() throws(Refusal) {
        for (name, value) in variables {
            try EnvironmentName.check(name)
            guard !Self.fixedVariables.contains(name), !name.hasPrefix("LD_") else {
                throw Refusal(
                    "the variable \(name) cannot be handed to “\(self.name)”: dvm sets it, or it changes how programs run",
                    hint: "call it something else"
                )
            }
            guard !value.utf8.contains(0) else { throw Refusal("the variable \(name) contains a NUL byte") }
        }
    }

    private func checkSecrets() throws(Refusal) {
        for name in Array(secrets.keys) + earlierSecrets { try EnvironmentName.check(name) }
        // The account's other processes, project code among them, could read what it can.
        guard secrets.isEmpty || identity == .root else {
            throw Refusal(
                "“\(name)” runs as the user and asks for secrets, which only root gets",
                hint: "write `# dvm: as: root` in it, and hand on what the user needs"
            )
        }
    }
}
