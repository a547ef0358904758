internal import ArgumentParser
internal import DVMProtocol

struct Code: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "code",
        abstract: "Open the code directory of a VM in Visual Studio Code",
        discussion: """
            Starts the VM where needed. The editor runs here and works in the VM through its extension Remote - SSH, \
            which needs `dvm ssh-config --install` once. DVM_CODE names another editor that takes the same arguments.

            Examples:
              dvm code app
              DVM_CODE=codium dvm code app
            """
    )

    @OptionGroup var target: VMArgument
    @OptionGroup var dry: DryRunOption
    @OptionGroup var talk: TalkOptions

    func run() async throws {
        let vm = try target.name()
        let session = try talk.session()
        guard try PersonalSshConfig(session.paths).hasLine else {
            throw Refusal(
                "ssh does not know dvm's VMs yet, and editors reach them by ssh",
                hint: "run `dvm ssh-config --install` once, then `dvm code \(vm)` again"
            )
        }
        let editor = try DesktopProgram.editor(session.environment)
        let settings = try await session.configuration.load(vm).settings
        if dry.isOn(session) {
            return try session.tell(
                "`dvm code \(vm)` would \(vm.starting), and have \(editor.executable.shown) open "
                    + "\(settings.codeDirectory.printable) in it",
                of: vm
            )
        }
        try await session.learnLogin(of: vm, for: "code")
        guard let login = SshEntryStore(paths: session.paths).login(vm) else {
            throw Refusal("what \(vm) said of its login was lost", hint: "is the disk full?")
        }
        try await editor.run(
            try Self.arguments(vm, login, settings),
            environment: session.environment.forPrograms(without: session.withheld)
        )
    }

    /// What the editor is started with: of a VM's words only where the home is, in a path that is checked.
    ///
    /// - Throws: a `Refusal` when the VM names another directory than the configuration.
    static func arguments(_ vm: MachineName, _ login: RemoteLogin, _ settings: Settings) throws(Refusal) -> [String] {
        let wanted = settings.codeDirectory
        let isWanted =
            wanted.hasPrefix("~/")
            ? login.codeDirectory.hasSuffix(wanted.dropFirst()) : login.codeDirectory == wanted
        guard isWanted else {
            throw Refusal(
                "the code directory of \(vm) is \(login.codeDirectory.printable), and DVM_CODE_DIR says \(wanted)",
                hint: "`dvm sync \(vm)` makes it what the configuration says"
            )
        }
        return ["--remote", "ssh-remote+\(vm.instance)", login.codeDirectory]
    }
}
