extension GitConfigText {
    /// The settings that may run a program or lead git elsewhere: every one that is not known to be harmless.
    var harmful: [Setting] { settings.filter { !Self.isHarmless($0) } }

    /// The harmful settings this text has and another has not.
    func harm(beyond other: Self?) -> [Setting] {
        guard let other else { return harmful }
        let known = Set(other.settings)
        return harmful.filter { !known.contains($0) }
    }

    /// A list of what is harmless and not of what is not: git gets new settings that run programs, and old ones are
    /// overlooked.
    static func isHarmless(_ setting: Setting) -> Bool {
        if setting.kind == "remote.*.url" || setting.kind == "remote.*.pushurl" || setting.kind == "submodule.*.url" {
            // `ext::` runs what follows it; a hyphen would be an option of ssh.
            return !setting.value.contains("::") && !setting.value.hasPrefix("-")
        }
        return harmless.contains(setting.kind)
    }

    private static let harmless: Set<String> = [
        // What `git init` and `git clone` write.
        "core.repositoryformatversion", "core.filemode", "core.bare", "core.logallrefupdates", "core.symlinks",
        "core.ignorecase", "core.precomposeunicode", "extensions.objectformat", "extensions.refstorage",
        "extensions.partialclone", "remote.*.fetch", "remote.*.promisor", "remote.*.partialclonefilter",
        "remote.*.tagopt", "remote.*.prune", "branch.*.remote", "branch.*.merge", "branch.*.rebase",
        "branch.*.pushremote", "branch.*.description", "branch.*.vscode-merge-base",
        // What people set for one repository, and what git sets for submodules and work trees.
        "user.name", "user.email", "init.defaultbranch", "pull.rebase", "pull.ff", "push.default",
        "push.autosetupremote", "fetch.prune", "core.autocrlf", "core.eol", "core.safecrlf", "core.abbrev",
        "core.quotepath", "core.sharedrepository", "color.ui", "submodule.*.active", "submodule.active",
        "extensions.worktreeconfig", "core.sparsecheckout", "core.sparsecheckoutcone", "index.version",
        "lfs.repositoryformatversion", "rerere.enabled", "merge.conflictstyle", "merge.ff", "diff.algorithm",
    ]

    /// The settings whose value is a program, or a command that begins with one.
    static func namesProgram(_ setting: Setting) -> Bool { programs.contains(setting.kind) || isCommandAlias(setting) }

    private static func isCommandAlias(_ setting: Setting) -> Bool {
        setting.key.hasPrefix("alias.") && setting.value.hasPrefix("!")
    }

    private static let programs: Set<String> = [
        "core.fsmonitor", "core.sshcommand", "core.editor", "core.pager", "core.askpass", "core.gitproxy",
        "core.alternaterefscommand", "sequence.editor", "diff.external", "diff.*.command", "diff.*.textconv",
        "merge.*.driver", "filter.*.clean", "filter.*.smudge", "filter.*.process", "gpg.program", "gpg.*.program",
        "gpg.ssh.defaultkeycommand", "credential.helper", "credential.*.helper", "difftool.*.cmd", "mergetool.*.cmd",
        "interactive.difffilter", "uploadpack.packobjectshook", "remote.*.uploadpack", "remote.*.receivepack",
        "trailer.*.cmd", "trailer.*.command", "browser.*.cmd", "man.*.cmd", "pager.*", "sendemail.smtpserver",
    ]

    /// The words of a command, without what only the shell reads.
    static func words(ofCommand command: String) -> [String] {
        command.split { " \t\n;|&()'\"!=".contains($0) }.map(String.init)
    }
}
