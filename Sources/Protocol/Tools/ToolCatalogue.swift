extension Tool {
    /// The tools dvm knows.
    ///
    /// Adding one is adding an entry here. An agent that can rewrite its own program persists, so updates come from
    /// outside the sandbox and every tool's own are off. So are the tools' own sandboxes, which cannot be made inside
    /// ours. State is declared as directories and never as files: programs replace a file by renaming another over it,
    /// which fails where the file is a mount.
    public static let all: [Self] = [
        Self(
            name: "claude",
            summary: "Claude Code",
            programs: places(of: "claude", installedAs: "claude"),
            always: Settings(
                variables: [
                    "CLAUDE_CONFIG_DIR": "~/.claude",
                    "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                    "DISABLE_TELEMETRY": "1", "DISABLE_ERROR_REPORTING": "1",
                ],
                files: ["/etc/claude-code/managed-settings.json": #"{"sandbox":{"enabled":false}}"#]
            ),
            unattended: Settings(
                arguments: ["--dangerously-skip-permissions"],
                // The second one accepts, in the person's place, the question whether they mean the argument.
                files: [
                    "/etc/claude-code/managed-settings.json":
                        #"{"sandbox":{"enabled":false},"skipDangerousModePermissionPrompt":true}"#
                ]
            ),
            passed: [
                "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL",
                "CLAUDE_CODE_OAUTH_TOKEN",
            ],
            signIn: SignIn(arguments: ["auth", "login"]),
            state: [".claude"],
            domains: ["api.anthropic.com", "platform.claude.com", "claude.ai"],
            otherSwitches: ["DVM_CLAUDE_BYPASS"]
        ),
        Self(
            name: "codex",
            summary: "OpenAI Codex",
            programs: places(of: "codex", installedAs: "codex"),
            // Not as `-c` arguments: Codex forgets those before a subcommand that is given some of its own.
            always: Settings(
                variables: ["CODEX_HOME": "~/.codex"],
                files: [
                    "/etc/codex/config.toml": """
                    check_for_update_on_startup = false
                    sandbox_mode = "danger-full-access"
                    [analytics]
                    enabled = false

                    """
                ]
            ),
            unattended: Settings(arguments: ["--dangerously-bypass-approvals-and-sandbox"]),
            attended: Settings(
                files: [
                    "/etc/codex/config.toml": """
                    check_for_update_on_startup = false
                    sandbox_mode = "danger-full-access"
                    approval_policy = "on-request"
                    [analytics]
                    enabled = false

                    """
                ]
            ),
            passed: ["OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN"],
            // Its device codes have to be allowed in the settings of the account first, so they are the second choice.
            signIn: SignIn(
                arguments: ["login", "--device-auth"],
                callback: .init(port: 1455, path: "/auth/callback", arguments: ["login"])
            ),
            state: [".codex"],
            domains: ["api.openai.com", "chatgpt.com", "ab.chatgpt.com", "auth.openai.com"]
        ),
        Self(
            name: "opencode",
            summary: "opencode",
            programs: places(of: "opencode", installedAs: "opencode"),
            always: Settings(
                variables: ["OPENCODE_DISABLE_AUTOUPDATE": "true", "OPENCODE_DISABLE_LSP_DOWNLOAD": "true"]
            ),
            unattended: Settings(
                files: ["/etc/opencode/opencode.json": #"{"autoupdate":false,"permission":"allow","share":"disabled"}"#]
            ),
            attended: Settings(
                files: [
                    "/etc/opencode/opencode.json":
                        #"{"autoupdate":false,"permission":{"bash":"ask","edit":"ask","webfetch":"ask"},"#
                        + #""share":"disabled"}"#
                ]
            ),
            passed: ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "OPENCODE_API_KEY"],
            // Of its providers, OpenAI sends the browser back.
            signIn: SignIn(arguments: ["auth", "login"], callback: .init(port: 1455, path: "/auth/callback")),
            state: [".local/share/opencode", ".local/state/opencode"],
            domains: ["opencode.ai", "models.dev", "api.anthropic.com", "api.openai.com", "openrouter.ai"]
        ),
        Self(
            name: "mistral",
            aliases: ["vibe"],
            summary: "Mistral Vibe",
            programs: places(of: "vibe", installedAs: "mistral"),
            always: Settings(
                variables: [
                    "VIBE_HOME": "~/.vibe", "VIBE_ENABLE_TELEMETRY": "false", "VIBE_ENABLE_UPDATE_CHECKS": "false",
                    "VIBE_ENABLE_AUTO_UPDATE": "false",
                ]
            ),
            unattended: Settings(arguments: ["--auto-approve", "--trust"]),
            passed: ["MISTRAL_API_KEY"],
            signIn: SignIn(arguments: ["--setup"]),
            state: [".vibe"],
            domains: ["api.mistral.ai", "console.mistral.ai", "chat.mistral.ai"]
        ),
        Self(
            name: "gemini",
            summary: "Gemini CLI",
            programs: places(of: "gemini", installedAs: "gemini"),
            always: Settings(
                // Without a browser it shows the address and takes the code that is shown there.
                variables: ["GEMINI_SANDBOX": "false", "NO_BROWSER": "true"],
                files: [
                    "/etc/gemini-cli/settings.json":
                        #"{"general":{"enableAutoUpdate":false,"enableAutoUpdateNotification":false},"#
                        + #""privacy":{"usageStatisticsEnabled":false},"security":{"folderTrust":{"enabled":false}},"#
                        + #""telemetry":{"enabled":false},"tools":{"sandbox":false}}"#
                ]
            ),
            unattended: Settings(arguments: ["--approval-mode=yolo"]),
            passed: [
                "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION",
                "GOOGLE_GENAI_USE_VERTEXAI",
            ],
            // It asks when it is started without an account.
            signIn: SignIn(arguments: []),
            state: [".gemini"],
            domains: [
                "cloudcode-pa.googleapis.com", "generativelanguage.googleapis.com", "oauth2.googleapis.com",
                "accounts.google.com", "www.googleapis.com",
            ]
        ),
        Self(
            name: "copilot",
            summary: "GitHub Copilot CLI",
            programs: places(of: "copilot", installedAs: "copilot"),
            always: Settings(variables: ["COPILOT_HOME": "~/.copilot", "COPILOT_AUTO_UPDATE": "false"]),
            // Its own sandbox needs namespaces, which it has none of in ours.
            unattended: Settings(arguments: ["--no-sandbox"], variables: ["COPILOT_ALLOW_ALL": "true"]),
            attended: Settings(arguments: ["--no-sandbox"]),
            // Not GH_TOKEN and GITHUB_TOKEN, which it takes too: people have them set for more than this.
            passed: ["COPILOT_GITHUB_TOKEN"],
            signIn: SignIn(arguments: ["login", "--device-code"]),
            state: [".copilot"],
            domains: [
                "github.com", "api.github.com", "api.githubcopilot.com", "api.individual.githubcopilot.com",
                "api.business.githubcopilot.com", "api.enterprise.githubcopilot.com",
                "copilot-proxy.githubusercontent.com",
            ]
        ),
        Self(
            name: "aider",
            summary: "Aider",
            programs: places(of: "aider", installedAs: "aider"),
            always: Settings(
                variables: [
                    "AIDER_CHECK_UPDATE": "false", "AIDER_ANALYTICS": "false",
                    "AIDER_SHOW_MODEL_WARNINGS": "false", "AIDER_SHOW_RELEASE_NOTES": "false",
                    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                ]
            ),
            unattended: Settings(arguments: ["--yes-always"]),
            passed: [
                "OPENAI_API_KEY", "OPENAI_API_BASE", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY",
                "AIDER_MODEL",
            ],
            state: [".aider"],
            domains: ["api.openai.com", "api.anthropic.com", "openrouter.ai", "api.deepseek.com"]
        ),
        Self(name: "shell", summary: "a shell in the agent's sandbox", programs: ["/bin/bash"]),
    ]
}
