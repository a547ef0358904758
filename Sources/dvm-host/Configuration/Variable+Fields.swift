internal import DVMProtocol

extension Variable {
    /// What it means.
    var field: Field {
        switch self {
        case .recipes: Self.recipesField
        case .noBaseline: .flag(\.lacksBaseline)
        case .cpus: .one(\.cpus, FieldValue.processors, show: { $0.map(String.init) })
        case .memory:
            .one(
                \.memory,
                { (text) throws(Refusal) in try FieldValue.size(text, least: MemorySize(mebibytes: 512)) },
                show: \.description
            )
        case .disk:
            .one(
                \.disk,
                { (text) throws(Refusal) in try FieldValue.size(text, least: .gibibytes(1)) },
                show: \.description
            )
        case .template: .one(\.template, { (text) throws(Refusal) in try Template(text) }, show: \.base)
        case .vmType: .choice(\.vmType)
        case .architecture: .choice(\.architecture, or: "default")
        case .network: .choice(\.network)
        case .hostAddress: .one(\.hostAddress, FieldValue.address, show: { $0 })
        case .ports: Self.portsField
        case .user: .one(\.user, FieldValue.user, show: { $0 })
        case .loginShell:
            .one(\.settle.loginShell, { (text) throws(Refusal) in try FieldValue.loginShell(text) }, show: { $0 })
        case .sudo: .flag(\.system.sudo)
        case .subordinateUsers: .one(\.system.subordinateIDs.uids, FieldValue.subordinates, show: { "\($0)" })
        case .subordinateGroups: .one(\.system.subordinateIDs.gids, FieldValue.subordinates, show: { "\($0)" })
        case .codeRoot, .codeDirectory: codeField
        case .repository, .branch: repositoryField
        case .gitName, .gitEmail: gitField
        case .timeZone:
            .one(\.system.timeZone, { (text) throws(Refusal) in try FieldValue.timeZone(text) }, show: { $0 })
        case .locale: .one(\.system.locale, { (text) throws(Refusal) in try FieldValue.locale(text) }, show: { $0 })
        case .swap: Self.swapField
        case .proxy: Self.proxyField
        case .certificates:
            .list(
                \.certificateFiles,
                { (word, context) throws(Refusal) in try FieldValue.file(word, home: context.home) },
                show: \.string
            )
        case .unitTimeLimit: Self.timeLimitField
        default: agentField
        }
    }

    private static let recipesField = Field(
        read: { (value, _, settings) throws(Refusal) in
            var names: [RecipeName] = []
            for word in value.singleWords {
                let name = try RecipeName(word)
                if !names.contains(name) { names.append(name) }
            }
            settings.recipes = names
        },
        show: { .list($0.recipes.map(\.text)) }
    )

    private static let portsField = Field(
        read: { (value, _, settings) throws(Refusal) in
            var ports: [PortForward] = []
            for word in value.singleWords { ports.append(try PortForward(word, address: settings.hostAddress)) }
            try PortForward.check(ports)
            settings.ports = ports
        },
        show: { .list($0.ports.map(\.description)) }
    )

    private var codeField: Field {
        self == .codeRoot
            ? Field(
                read: { (value, context, settings) throws(Refusal) in
                    let root = FieldValue.inGuest(try value.single(), home: context.home)
                    let directory = "\(root == "/" ? "" : root)/\(context.vm)"
                    try GuestPath.check(directory)
                    settings.codeRoot = root
                    settings.codeDirectory = directory
                },
                show: { .text($0.codeRoot) }
            )
            : Field(
                read: { (value, context, settings) throws(Refusal) in
                    let path = FieldValue.inGuest(try value.single(), home: context.home)
                    try GuestPath.check(path)
                    settings.codeDirectory = path
                },
                show: { .text($0.codeDirectory) }
            )
    }

    private var repositoryField: Field {
        self == .repository
            ? .one(
                \.repository,
                { (text) throws(Refusal) in try FieldValue.repository(text) },
                show: { $0?.address }
            )
            : Field(
                read: { (value, _, settings) throws(Refusal) in
                    guard var repository = settings.repository else {
                        throw Refusal(
                            "there is no \(Variable.repository.name) whose branch it could be",
                            hint: "set that too, or take this out"
                        )
                    }
                    repository.branch = try value.single()
                    try repository.check()
                    settings.repository = repository
                },
                show: { $0.repository?.branch.map(Evaluation.Value.text) }
            )
    }

    private var gitField: Field {
        let isName = self == .gitName
        return Field(
            read: { (value, _, settings) throws(Refusal) in
                let text = try FieldValue.identity(try value.single())
                guard isName || text.contains("@") else {
                    throw Refusal("it is not an address of electronic mail", hint: "write one such as ann@example.org")
                }
                var identity = settings.settle.git ?? GitIdentity()
                if isName { identity.name = text } else { identity.email = text }
                settings.settle.git = identity
            },
            show: { (isName ? $0.settle.git?.name : $0.settle.git?.email).map(Evaluation.Value.text) }
        )
    }

    private static let swapField = Field(
        read: { (value, _, settings) throws(Refusal) in
            settings.system.swap = try FieldValue.swap(try value.single(), memory: settings.memory)
        },
        show: { .text(FieldValue.text(of: $0.system.swap)) }
    )

    private static let proxyField = Field(
        read: { (value, context, settings) throws(Refusal) in
            settings.system.proxy = try ProxyValue.read(try value.single(), context.environment)
        },
        show: { ProxyValue.text(of: $0.system.proxy).map(Evaluation.Value.text) }
    )

    private static let timeLimitField = Field.one(
        \.unitTimeLimit,
        { (text) throws(Refusal) in
            let seconds = try FieldValue.seconds(text)
            guard seconds <= 86400 else { throw Refusal("it is more than a day", hint: "write at most 24h") }
            return seconds
        },
        show: { "\($0)" }
    )
}
