/// Paths of a project that programs of a person run or obey by themselves, and that a session cannot change.
enum ProtectedNames {
    /// At the top of the project, when they are there; what is new or elsewhere is told by `RunsLater`.
    static let top = [
        // direnv, and editors that run what a directory says when they open it.
        ".envrc", ".vscode", ".idea", ".devcontainer", ".devcontainer.json", ".zed", ".exrc", ".nvimrc", ".nvim.lua",
        ".dir-locals.el",
        // What git may be told to run its hooks from.
        ".husky", ".githooks",
        // Other agents' settings: hooks and servers they start, permissions they have.
        ".mcp.json", ".claude/settings.json", ".claude/settings.local.json", ".claude/hooks", ".codex", ".gemini",
        ".opencode", ".cursor", ".github/copilot",
    ].map { TreePath($0) }

    /// In any directory near the top: direnv reads the one of the directory a person enters.
    static func isProtectedAnywhere(_ name: [UInt8]) -> Bool { name.elementsEqual(".envrc".utf8) }

    /// In a git directory: what git runs, and what tells it what to run or where to look.
    ///
    /// Everything else, objects, references, index and messages, is data to git. So is `info`, which `git gc` writes to:
    /// attributes there choose among the filters of the configuration, as `.gitattributes` does anyway.
    static let ofRepository = ["hooks", "config", "config.worktree", "commondir", "gitdir"]
}
