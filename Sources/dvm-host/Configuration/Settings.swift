internal import DVMProtocol

/// What a VM is to be, every value checked.
struct Settings: Hashable, Sendable {
    /// Virtual CPUs; when absent, what is left of this host's when a few are kept for it.
    var cpus: Int?
    var memory = MemorySize.gibibytes(4)
    var disk = MemorySize.gibibytes(60)
    var template = Template.standard
    /// The kind of VM; Lima's choice for this host when absent.
    var vmType: VMType?
    /// The kind of processor; the host's own when absent.
    var architecture: Architecture?
    /// Which other VMs it sees.
    var network = NetworkChoice.private
    /// The address of this host that ports are opened at where none is written with them.
    var hostAddress = PortForward.loopback
    var ports: [PortForward] = []
    /// The account people work as.
    var user = "developer"
    /// Where the projects of all VMs live in them, each below it by the VM's name.
    var codeRoot = "~/code"
    /// Where the project lives in the VM.
    var codeDirectory: String
    /// What the code directory gets when it is empty.
    var repository: Repository?
    /// What the system in the VM is set to.
    var system = SystemOptions()
    /// Files of this host with the certificates in `system`.
    var certificateFiles: [FilePath] = []
    /// What is set when every unit has run.
    var settle = Settle()
    /// How long a recipe or setup script may take, in seconds.
    var unitTimeLimit = 3600
    /// What agents may do in it, but for the ports that lead to them.
    var agents = AgentPolicy()
    /// The AI tools the person described, beside those dvm knows.
    var tools: [Tool] = []
    /// The recipes it uses, in the order of `use`, each once; what these need is found by `RecipeSelection`.
    var recipes: [RecipeName] = []
    /// Whether it starts with the recipe every VM starts with.
    var hasBaseline = true
    /// The variables of its recipes and of what these need, as they were written; an empty one is not here.
    var variables: [String: Evaluation.Value] = [:]
    /// The variables that say where secrets of its recipes are: `DVM_SECRET_<NAME>_FILE` and `_CMD`, never a secret.
    var secretVariables: [String: String] = [:]
    /// Where each variable that is not one of dvm's own comes from.
    var variableOrigins: [String: Origin] = [:]
    /// The person's scripts that run in the VM after the recipes, in this order.
    var setupScripts: [TrustedFiles.File] = []
    /// Where each value that is not built in comes from.
    var origins: [Variable: Origin] = [:]
    /// What this computer is like.
    var host: HostFacts

    /// What a VM is on this computer unless something else is said.
    init(for vm: MachineName, on host: HostFacts = HostFacts()) {
        codeDirectory = "~/code/\(vm.text)"
        self.host = host
        system.timeZone = host.timeZone
        system.locale = host.locale
    }

    /// Where a value comes from.
    func origin(of variable: Variable) -> Origin {
        if let origin = origins[variable] { return origin }
        return switch variable {
        case .cpus: .computer
        case .timeZone where system.timeZone != nil, .locale where system.locale != nil: .computer
        default: .builtIn
        }
    }

    /// The CPUs a new VM gets.
    var processors: Int { cpus ?? host.automaticProcessors }

    /// Whether it starts without the recipe every VM starts with.
    var lacksBaseline: Bool {
        get { !hasBaseline }
        set { hasBaseline = !newValue }
    }

    /// What agents may do, with the declared ports: a server they start is reached through these.
    var agentPolicy: AgentPolicy {
        var policy = agents
        policy.network.served = Array(Set(ports.map(\.guest))).sorted()
        return policy
    }

    /// The kinds of VM Lima has on the hosts dvm works on.
    enum VMType: String, CaseIterable, Hashable, Sendable { case qemu, vz, krunkit }

    /// The processors dvm's guest program is built for.
    enum Architecture: String, CaseIterable, Hashable, Sendable {
        case x86_64, aarch64

        /// This computer's, as far as dvm was built for one of them.
        #if arch(x86_64)
        static let own = Self.x86_64
        #else
        static let own = Self.aarch64
        #endif
    }

    /// Which other VMs a VM sees.
    enum NetworkChoice: String, CaseIterable, Hashable, Sendable {
        /// None.
        case `private`
        /// Those that ask for it too, by their names: `lima-dvm-<name>.internal`.
        case shared
    }
}

/// What a new VM is made from: what Lima finds under `base`.
struct Template: Hashable, Sendable, CustomStringConvertible {
    let base: String

    /// Lima's Fedora image.
    static let standard = Self(base: "template:_images/fedora")

    private init(base: String) { self.base = base }

    /// Reads `debian-12`, which is Lima's image of that name, `template:…`, or the path of a YAML file of the person's.
    ///
    /// - Throws: a `Refusal` saying how to write one.
    init(_ text: String) throws(Refusal) {
        let letters = "abcdefghijklmnopqrstuvwxyz0123456789._-"
        let hint = "write one of Lima's images such as debian-12, or the absolute path of a YAML file for Lima"
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }), text.utf8.count <= 1024 else {
            throw Refusal("is not a template", hint: hint)
        }
        if text.hasPrefix("/") {
            base = text
        } else if let name = text.afterPrefix("template://") ?? text.afterPrefix("template:") {
            guard !name.isEmpty, name.allSatisfy({ letters.contains($0) || $0 == "/" }), !name.contains("..") else {
                throw Refusal("is not a template", hint: hint)
            }
            base = "template:\(name)"
        } else if text.hasSuffix(".yaml") || text.hasSuffix(".yml") {
            throw Refusal(
                "is the name of a file without its directory",
                hint: "write its absolute path"
            )
        } else {
            guard text.first?.isLetter == true, text.allSatisfy(letters.contains) else {
                throw Refusal("is not a template", hint: hint)
            }
            base = "template:_images/\(text)"
        }
    }

    var description: String { base }
}

extension String {
    fileprivate func afterPrefix(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
