internal import DVMProtocol

/// What a VM is to be, every value checked.
struct Settings: Hashable, Sendable {
    /// Virtual CPUs; Lima's choice for this host when absent.
    var cpus: Int?
    var memory = MemorySize.gibibytes(4)
    var disk = MemorySize.gibibytes(60)
    /// The account people work as.
    var user = "developer"
    /// Where the project lives in the VM.
    var codeDirectory: String
    var ports: [PortForward] = []
    var template = Template.standard
    /// The kind of VM; Lima's choice for this host when absent.
    var vmType: VMType?
    /// The kind of processor; the host's own when absent.
    var architecture: Architecture?
    /// What agents may do in it, but for the ports that lead to them.
    var agents = AgentPolicy()
    /// The AI tools the person described, beside those dvm knows.
    var tools: [Tool] = []
    /// The recipes it uses, in the order of `use`; what these need is found by `RecipeSelection`.
    var recipes: [RecipeName] = []
    /// Whether it starts with the recipe every VM starts with.
    var hasBaseline = true
    /// The variables of its recipes as they were written; those that were left out or empty are not here.
    var variables: [String: Evaluation.Value] = [:]
    /// Where each of them comes from.
    var variableOrigins: [String: Origin] = [:]
    /// The person's scripts that run in the VM after the recipes, in this order.
    var setupScripts: [TrustedFiles.File] = []
    /// Where each value that is not built in comes from.
    var origins: [Variable: Origin] = [:]

    /// What a VM is unless something else is said.
    init(for vm: MachineName) { codeDirectory = "~/code/\(vm.text)" }

    func origin(of variable: Variable) -> Origin { origins[variable] ?? .builtIn }

    /// What agents may do, with the declared ports: a server they start is reached through these.
    var agentPolicy: AgentPolicy {
        var policy = agents
        policy.network.served = Array(Set(ports.map(\.guest))).sorted()
        return policy
    }

    /// The kinds of VM Lima has on the hosts dvm works on.
    enum VMType: String, CaseIterable, Hashable, Sendable { case qemu, vz, krunkit }

    /// The processors dvm's guest program is built for.
    enum Architecture: String, CaseIterable, Hashable, Sendable { case x86_64, aarch64 }
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
