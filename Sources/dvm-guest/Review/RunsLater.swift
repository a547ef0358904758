internal import DVMProtocol

/// Which files of a project somebody may run later without meaning to, told from their paths.
///
/// Pure. Letter case does not count: a file system that this is copied to may not tell it apart either.
enum RunsLater {
    /// What may happen with a file, which is where it is in its repository; `nil` when nothing does by itself.
    static func kind(of path: TreePath) -> Danger.Kind? {
        let parts = path.parts.map { String(decoding: $0, as: UTF8.self).lowercased() }
        guard let name = parts.last else { return nil }
        for (kind, places) in places where places.contains(where: { occurs($0, in: parts) }) { return kind }
        if let kind = names[name] { return kind }
        if let ending = endings.first(where: { name.hasSuffix($0.text) }) { return ending.kind }
        if let start = beginnings.first(where: { name.hasPrefix($0.text) }) { return start.kind }
        return nil
    }

    /// Whether a file in a directory of other people's files is a setting of the project all the same: where packages are
    /// kept beside it.
    static func isSetting(inVendorTree path: TreePath) -> Bool {
        let parts = path.parts.map { String(decoding: $0, as: UTF8.self).lowercased() }
        return parts.suffix(2) == [".cargo", "config.toml"] || parts.suffix(2) == [".cargo", "config"]
    }

    /// Whether some parts follow each other anywhere in a path.
    private static func occurs(_ wanted: [String], in parts: [String]) -> Bool {
        guard parts.count >= wanted.count else { return false }
        return (0...(parts.count - wanted.count)).contains { parts[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }

    /// Directories, wherever they are: what is in them has one purpose.
    private static let places: [(Danger.Kind, [[String]])] = [
        (.hook, [[".husky"], [".githooks"], [".git", "hooks"]]),
        (
            .onOpening,
            [
                [".vscode"], [".idea"], [".devcontainer"], [".zed"], [".claude"], [".codex"], [".gemini"],
                [".opencode"], [".cursor"], [".github", "copilot"], [".nvim"], [".fleet"], [".vs"],
            ]
        ),
        (
            .ci,
            [
                [".github", "workflows"], [".github", "actions"], [".gitea", "workflows"], [".forgejo", "workflows"],
                [".circleci"], [".buildkite"], [".ci"], [".semaphore"], [".teamcity"], [".woodpecker"],
                [".gitlab", "ci"],
            ]
        ),
        (.build, [[".cargo"], [".mvn"]]),
    ]

    private static let names: [String: Danger.Kind] = table([
        .hook: [".pre-commit-config.yaml", ".pre-commit-hooks.yaml", "lefthook.yml", ".lefthook.yml", "lefthook.yaml"],
        .gitSetting: [".gitattributes", ".gitmodules", ".gitconfig", ".lfsconfig"],
        .onOpening: [
            ".envrc", ".env.fish", ".exrc", ".nvimrc", ".nvim.lua", ".vimrc", ".dir-locals.el", ".devcontainer.json",
            ".mcp.json", ".tool-versions", "mise.toml", ".mise.toml", ".editorconfig", "claude.md", "agents.md",
            "gemini.md",
        ],
        .ci: [
            ".gitlab-ci.yml", "jenkinsfile", ".travis.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml",
            ".drone.yml", ".woodpecker.yml", "appveyor.yml", ".appveyor.yml", "cloudbuild.yaml", "cloudbuild.yml",
            ".cirrus.yml", "wercker.yml", "buildspec.yml", "codefresh.yml",
        ],
        .build: [
            "package.json", "deno.json", "deno.jsonc", "makefile", "gnumakefile", "bsdmakefile", "justfile",
            ".justfile",
            "taskfile.yml", "taskfile.yaml", "rakefile", "gemfile", "setup.py", "setup.cfg", "pyproject.toml",
            "conftest.py", "tox.ini", "noxfile.py", "tasks.py", "pytest.ini", "sitecustomize.py", "usercustomize.py",
            "build.rs", "cargo.toml", "cmakelists.txt", "meson.build", "sconstruct", "wscript", "configure",
            "configure.ac", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradlew",
            "mvnw", "pom.xml", "build.xml", "build.sbt", "package.swift", "mix.exs", "go.mod", "composer.json",
            "pubspec.yaml", "podfile", "vagrantfile", "procfile", "brewfile", "flake.nix", "default.nix", "shell.nix",
            "workspace", "build.bazel", "module.bazel", ".bazelrc", ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs",
            "pip.conf", ".babelrc.js", ".eslintrc.js", ".eslintrc.cjs", ".prettierrc.js", "gulpfile.js", "gruntfile.js",
            "dockerfile", "containerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml",
        ],
        .lockFile: [
            "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb",
            "deno.lock", "cargo.lock", "gemfile.lock", "poetry.lock", "uv.lock", "pipfile.lock", "pdm.lock",
            "composer.lock", "go.sum", "go.work.sum", "package.resolved", "podfile.lock", "cartfile.resolved",
            "flake.lock", "mix.lock", "pubspec.lock", "packages.lock.json", "gradle.lockfile", ".terraform.lock.hcl",
            "conan.lock", "module.bazel.lock", "gradle-wrapper.properties", "requirements.txt",
        ],
        .ignoring: [".gitignore", ".ignore"],
    ])

    private static func table(_ names: [Danger.Kind: [String]]) -> [String: Danger.Kind] {
        var table: [String: Danger.Kind] = [:]
        for (kind, names) in names { for name in names { table[name] = kind } }
        return table
    }

    private static let endings: [(text: String, kind: Danger.Kind)] = [
        (".code-workspace", .onOpening), (".mk", .build), (".cmake", .build), (".gradle", .build),
        (".gradle.kts", .build), (".gemspec", .build), (".csproj", .build), (".pth", .build), (".config.js", .build),
        (".config.mjs", .build), (".config.cjs", .build), (".config.ts", .build), (".config.mts", .build),
        (".bzl", .build), (".service", .build), (".desktop", .onOpening),
    ]

    private static let beginnings: [(text: String, kind: Danger.Kind)] = [
        ("dockerfile.", .build), ("containerfile.", .build), ("requirements-", .lockFile), ("jenkinsfile.", .ci),
    ]
}
