internal import DVMProtocol

extension Spawn {
    /// The program of a unit: Bash, which reads the prelude and then runs the script.
    ///
    /// The prelude is what `BASH_ENV` names, so that complaints name the lines of the one they are about. It reads nothing
    /// else.
    ///
    /// - Parameters:
    ///   - unit: the unit.
    ///   - settings: of the VM.
    ///   - developer: the account people work as.
    ///   - groups: the supplementary groups of that account.
    ///   - secrets: the directory of its secrets, if it has any.
    init(
        _ unit: ProvisionUnit,
        settings: Settings,
        developer: Accounts.Account,
        groups: [UInt32],
        secrets: FilePath? = nil
    ) {
        var environment = unit.variables
        environment.merge(settings.surroundings) { $1 }
        environment.merge(Self.environment(of: unit.identity, settings, developer)) { $1 }
        environment["DVM_SECRETS_DIR"] = secrets?.string
        environment["BASH_ENV"] = UnitPlace.start(of: unit.name).string
        self.init(
            words: [
                "/bin/bash", "--noprofile", "--norc", "-Eeuo", "pipefail", UnitPlace.script(of: unit.name).string,
            ],
            environment: environment,
            terminal: false,
            confinement: unit.identity == .root
                ? .root(Root(directory: "/root"))
                : .developer(
                    Developer(
                        uid: developer.uid,
                        gid: developer.gid,
                        groups: groups,
                        directory: developer.home,
                        home: developer.home,
                        isBound: true
                    )
                )
        )
    }

    private static func environment(
        of identity: ProvisionUnit.Identity,
        _ settings: Settings,
        _ developer: Accounts.Account
    ) -> [String: String] {
        let isRoot = identity == .root
        let name = isRoot ? "root" : developer.name
        return [
            "HOME": isRoot ? "/root" : developer.home, "USER": name, "LOGNAME": name,
            "SHELL": isRoot ? "/bin/bash" : developer.shell,
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive", "DVM_NAME": settings.name, "DVM_USER": developer.name,
            "DVM_HOME": developer.home, "DVM_CODE_DIR": settings.codeDirectory,
        ]
    }
}
