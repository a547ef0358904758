internal import DVMProtocol

/// Variables that earlier dvms had and this one has not: what to write instead, so that none is passed over in silence.
enum RetiredVariable {
    /// Judges a variable.
    ///
    /// - Returns: whether it is one; then it says what is so anyway.
    /// - Throws: a `Refusal` without the variable's name.
    static func accept(_ name: String, _ value: Evaluation.Value, for vm: MachineName) throws(Refusal) -> Bool {
        if let fixed = fixed(name, for: vm) {
            guard value == .text(fixed.value) else { throw Refusal("it is always \(fixed.value)", hint: fixed.hint) }
            return true
        }
        if let hint = instead[name] ?? families.first(where: { name.hasPrefix($0.start) })?.hint {
            throw Refusal("this dvm has no such variable", hint: hint)
        }
        if ofEnvironment.contains(name) {
            throw Refusal(
                "it counts only in the environment dvm is started with",
                hint: "take it out, and write `export \(name)=…` in your shell's own configuration"
            )
        }
        return false
    }

    /// Every name, for suggestions and for whoever must not use one.
    static var names: Set<String> { ofEnvironment.union(instead.keys).union(["DVM_LIMA_NAME", "DVM_AI_AGENT_USER"]) }

    private static func fixed(_ name: String, for vm: MachineName) -> (value: String, hint: String)? {
        switch name {
        case "DVM_LIMA_NAME":
            (vm.instance, "take it out; to have another name, name the VM's file so and make the VM anew")
        case "DVM_AI_AGENT_USER", "DVM_AGENT_USER":
            ("dvm-agent", "take it out; the account of AI tools has one name in every VM")
        default: nil
        }
    }

    private static let ofEnvironment: Set<String> = [
        "DVM_CONFIG", "DVM_CONFIG_DIR", "DVM_STATE_DIR", "DVM_CACHE_DIR", "DVM_LIMACTL", "DVM_VERBOSE", "DVM_DRY_RUN",
        "DVM_CODE",
    ]

    private static let recipe = "write a recipe of your own, ~/.config/dvm/recipes/<name>.sh, and `use` it"
    private static let image = "name an image in DVM_TEMPLATE: dvm builds none"
    private static let nothing = "take it out: nothing in a project is run by dvm"

    private static let instead: [String: String] = [
        // The first generation.
        "DVM_ROOT": "take it out: dvm finds its own files",
        "DVM_SHARE": "take it out: dvm finds its own files",
        "DVM_PORT_FORWARDS_YAML": "write DVM_PORTS",
        // The second and third.
        "DVM_GLOBAL_SETUP": recipe,
        "DVM_LIMA_LOG_LEVEL": "take it out; `--verbose` shows what Lima says",
        "DVM_DEV_BASE": image, "DVM_REBUILD_DEV_BASE": image, "DVM_BOOTC_BASE": image, "DVM_BISC_IMAGE": image,
        // Between them.
        "DVM_PACKAGES": recipe,
        "DVM_ENV": "name the variables a recipe takes in its header: `# dvm: vars: …`",
        "DVM_SECRETS": "name the secrets a recipe needs in its header: `# dvm: secrets: …`",
        "DVM_GIT_REPO": "write DVM_REPO",
        "DVM_GIT_BRANCH": "write DVM_REPO_BRANCH",
        "DVM_USE_BASE": image,
        "DVM_PROJECT_HOOK": nothing, "DVM_PROJECT_HOOK_PRIVILEGED": nothing, "DVM_PROJECT_HOOK_GIT_CONFIG": nothing,
        "DVM_ALLOW_RECIPE_CONFLICTS": "take it out, and one of the recipes",
        "DVM_AGENT_NETWORK": "write DVM_AI_NET=none, or take it out",
        "DVM_AGENT_ALLOW_UNSANDBOXED": "take it out: AI tools never run without their sandbox",
    ]

    private static let families: [(start: String, hint: String)] = [
        ("DVM_BASE_", image), ("DVM_BUILDER_", image),
        ("DVM_DEFAULT_", "write it in config.sh, which holds for every VM"),
    ]
}
