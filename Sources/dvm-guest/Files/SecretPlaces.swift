/// Where people and their programs keep secrets in a home: the second wall around them, should the first, the closed home,
/// have a gap.
enum SecretPlaces {
    /// Relative to the home; a directory stands for all below it.
    static let inHome: [String] =
        keys + packages + sourceCode + clouds + containers + databases + browsers + histories + tools

    private static let keys = [
        ".ssh", ".gnupg", ".pki", ".password-store", ".local/share/keyrings", ".local/share/kwalletd", ".config/op",
        ".op", ".config/1Password", ".config/Bitwarden", ".config/Bitwarden CLI", ".config/sops", ".config/age",
        ".vault-token", ".Xauthority", ".ICEauthority", ".netrc", "_netrc", ".authinfo", ".authinfo.gpg",
    ]

    private static let packages = [
        ".npmrc", ".yarnrc", ".yarnrc.yml", ".config/configstore", ".pypirc", ".pip", ".config/pip", ".config/pypoetry",
        ".cargo/credentials", ".cargo/credentials.toml", ".gem/credentials", ".bundle/config",
        ".composer/auth.json", ".config/composer/auth.json", ".m2/settings.xml", ".m2/settings-security.xml",
        ".gradle/gradle.properties", ".nuget/NuGet/NuGet.Config", ".config/NuGet", ".hex", ".condarc",
    ]

    private static let sourceCode = [
        ".git-credentials", ".gitconfig", ".config/git", ".config/gh", ".config/hub", ".config/glab-cli", ".config/tea",
        ".hgrc", ".subversion/auth", ".config/jj",
    ]

    private static let clouds = [
        ".aws", ".config/gcloud", ".boto", ".azure", ".config/doctl", ".config/hcloud", ".config/scw", ".oci",
        ".config/linode-cli", ".config/exoscale", ".config/openstack", ".config/rclone", ".s3cfg", ".mc", ".fly",
        ".config/netlify", ".netlify", ".config/vercel", ".local/share/com.vercel.cli", ".wrangler",
        ".config/.wrangler", ".cloudflared", ".terraformrc", ".terraform.d", ".pulumi", ".config/heroku",
        ".config/stripe", ".config/tailscale", ".ngrok2", ".config/ngrok",
    ]

    private static let containers = [
        ".docker", ".config/containers", ".kube", ".config/helm", ".minikube", ".config/k9s", ".config/argocd",
    ]

    private static let databases = [
        ".pgpass", ".my.cnf", ".mylogin.cnf", ".mongorc.js", ".dbshell", ".config/dbeaver", ".local/share/DBeaverData",
    ]

    private static let browsers = [
        ".mozilla", ".config/google-chrome", ".config/chromium", ".config/BraveSoftware", ".config/Slack",
        ".thunderbird",
    ]

    private static let histories = [
        ".bash_history", ".zsh_history", ".zhistory", ".histfile", ".sh_history", ".local/share/fish",
        ".python_history",
        ".node_repl_history", ".irb_history", ".psql_history", ".mysql_history", ".sqlite_history", ".rediscli_history",
        ".mongosh", ".lesshst", ".viminfo", ".local/share/atuin",
    ]

    /// The tools' own: what the developer signed in to themself is not the agent's.
    private static let tools = [
        ".claude", ".claude.json", ".codex", ".gemini", ".copilot", ".config/github-copilot", ".vibe",
        ".config/opencode",
        ".local/share/opencode", ".config/openai", ".config/anthropic", ".aider.conf.yml", ".aider",
        ".cache/huggingface/token", ".huggingface", ".kaggle", ".config/wandb",
    ]
}
