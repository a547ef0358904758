extension Tool {
    /// The tools dvm knows.
    ///
    /// Adding one is adding an entry here.
    public static let all: [Self] = [
        Self(
            name: "claude",
            summary: "Claude Code",
            program: installed("claude"),
            unattended: ["--dangerously-skip-permissions"],
            // An agent that can rewrite its own program persists: updates come from outside the sandbox.
            settings: ["DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"],
            passed: [
                "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL",
                "CLAUDE_CODE_OAUTH_TOKEN",
            ],
            domains: ["api.anthropic.com", "platform.claude.com", "claude.ai", "claude.com"]
        ),
        Self(
            name: "codex",
            summary: "OpenAI Codex",
            program: installed("codex"),
            unattended: ["--dangerously-bypass-approvals-and-sandbox", "-c", "check_for_update_on_startup=false"],
            passed: ["OPENAI_API_KEY", "CODEX_API_KEY"],
            domains: ["api.openai.com", "chatgpt.com", "auth.openai.com"]
        ),
        Self(name: "shell", summary: "a shell in the agent's sandbox", program: "/bin/bash"),
    ]
}
