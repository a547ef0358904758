/// Paths of a project that programs of a person run or obey by themselves, and that a session cannot change.
enum ProtectedNames {
    /// At the top of the project, when they are there.
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

    /// Files that run when somebody builds, tests, commits or pushes.
    ///
    /// An agent has to edit them, so a person is shown which.
    static func runsLater(_ path: TreePath) -> Bool {
        let name = String(decoding: path.name, as: UTF8.self)
        return runningNames.contains(name) || name.hasSuffix(".mk")
            || runningPlaces.contains { path.isAtOrBelow($0) }
    }

    private static let runningNames: Set<String> = [
        "package.json", "Makefile", "makefile", "GNUmakefile", "Justfile", "justfile", "Taskfile.yml", "Rakefile",
        ".pre-commit-config.yaml", "lefthook.yml", ".lefthook.yml", "setup.py", "setup.cfg", "pyproject.toml",
        "conftest.py", "tox.ini", "noxfile.py", "build.rs", "CMakeLists.txt", "build.gradle", "build.gradle.kts",
        "pom.xml", "Package.swift", "Jenkinsfile", "Dockerfile", "Containerfile", "docker-compose.yml", "compose.yaml",
        "compose.yml", "mise.toml", ".mise.toml", ".tool-versions", ".gitattributes", ".gitmodules", ".gitlab-ci.yml",
        "sitecustomize.py",
    ]
    private static let runningPlaces = [".github/workflows", ".github/actions", ".circleci", ".ci", ".buildkite"]
        .map { TreePath($0) }
}
