internal import DVMProtocol

extension ConfigurationStore {
    /// What is sound and yet hardly meant: what counts for nothing, and what this computer does not have.
    func warnings(_ settings: Settings, _ shelf: RecipeShelf) throws(Refusal) -> [String] {
        var warnings: [String] = []
        if try trusted.read("setup.sh") != nil {
            warnings.append(
                "\(paths.config.appending("setup.sh").shown) is no longer used: make it a recipe of yours in "
                    + "\(paths.config.appending("recipes").shown), and `use` it in config.sh"
            )
        }
        if !shelf.hasBundled {
            warnings.append("dvm was installed without its recipes; `make install` brings them")
        }
        for variable in Variable.allCases where !variable.isTakenFromEnvironment && environment[variable.name] != nil {
            warnings.append("\(variable.name) in the environment counts for nothing: write it in \(commonPath.shown)")
        }
        if settings.template.base.hasPrefix("/"), !Files.exists(FilePath(settings.template.base)) {
            let path = FilePath(settings.template.base).shown
            warnings.append("\(Variable.template.name) names \(path), which does not exist: no VM can be made from it")
        }
        if let lack = LimaTemplates(environment, home: paths.lima).lack(of: settings.template) {
            warnings.append("\(Variable.template.name): no VM can be made from it, because \(lack)")
        }
        return warnings + Self.warnings(settings)
    }

    /// What of these values is hardly meant, by themselves and on this computer.
    static func warnings(_ settings: Settings) -> [String] {
        var warnings: [String] = []
        if let cpus = settings.cpus, let most = settings.host.processors, cpus > most {
            warnings.append("\(Variable.cpus.name) is \(cpus), and this computer has \(most)")
        }
        if settings.origin(of: .memory) != .builtIn, let most = settings.host.memory, settings.memory.bytes > most {
            let there = MemorySize(mebibytes: max(1, most >> 20))
            warnings.append(
                "\(Variable.memory.name) is \(settings.memory), and this computer has \(there); a number alone counts GiB"
            )
        }
        let network = settings.agents.network
        // Who wrote what is open, or that nothing is, knows.
        if !network.hosts.isEmpty, network.uplink != .allow, settings.origin(of: .agentNetwork) == .builtIn {
            let (hosts, choice) = (Variable.agentHosts.name, Variable.agentNetwork.name)
            warnings.append(
                "\(hosts) counts for nothing, AI tools reach the whole internet: write \(choice)=allow to limit them to "
                    + "these hosts, or \(choice)=\(network.uplink.rawValue)"
            )
        }
        return warnings
    }
}
