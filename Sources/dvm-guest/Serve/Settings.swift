internal import DVMProtocol

/// What `provision` decided and every later session needs; a file of root's.
struct Settings: Hashable, Codable {
    /// The account people work as.
    var user: String
    /// The absolute path of the project.
    var codeDirectory: String
    /// What agents may do.
    var agents: AgentPolicy
    /// The AI tools a person added to those dvm knows.
    var ownTools: [Tool]
    /// What dvm calls this VM.
    var name: String
    /// What leads to the internet, for programs that ask their environment.
    var proxy: Proxy?
    /// The language of the developer's programs.
    var locale: String?
    /// All authorities the VM trusts, one file, where they are more than the distribution's.
    var authorities: String?

    /// What tells programs where those are.
    var trust: [String: String] { authorities.map(CertificateAuthorities.variables) ?? [:] }

    /// What programs have to know of the network around the VM.
    var surroundings: [String: String] { (proxy?.variables ?? [:]).merging(trust) { $1 } }

    /// Every AI tool of this VM.
    var tools: [Tool] { Tool.all + ownTools }

    static let path: FilePath = "/var/lib/dvm/settings.json"

    /// The AI tool of a name or alias.
    ///
    /// - Throws: a `Refusal` that lists the tools of this VM.
    func tool(_ name: String) throws(Refusal) -> Tool {
        do throws(Refusal) {
            return try Tool.named(name, among: tools)
        } catch {
            let own = "; a tool of your own reaches the VM with `dvm sync`"
            throw Refusal("\(error.message) in this VM", hint: (error.hint ?? "") + own)
        }
    }

    /// The settings of this VM.
    ///
    /// - Throws: a `Refusal` when there are none yet, or they cannot be understood.
    static func read() throws(Refusal) -> Self {
        guard Status.of(path) != nil else {
            throw Refusal("this VM has not been set up yet", hint: "run `dvm sync` for it on the host")
        }
        let bytes = try TextFile.readBytes(path)
        guard let settings = try? JSON.decode(Self.self, from: bytes) else {
            throw Refusal("\(path) is damaged", hint: "run `dvm sync` for this VM on the host, which writes it anew")
        }
        return settings
    }

    init(
        user: String,
        codeDirectory: String,
        agents: AgentPolicy = AgentPolicy(),
        ownTools: [Tool] = [],
        name: String = "",
        proxy: Proxy? = nil,
        locale: String? = nil,
        authorities: String? = nil
    ) {
        self.user = user
        self.codeDirectory = codeDirectory
        self.agents = agents
        self.ownTools = ownTools
        self.name = name
        self.proxy = proxy
        self.locale = locale
        self.authorities = authorities
    }

    /// Decodes settings; a guest that wrote them before there were these parts means the usual ones.
    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        user = try values.decode(String.self, forKey: .user)
        codeDirectory = try values.decode(String.self, forKey: .codeDirectory)
        agents = try values.decodeIfPresent(AgentPolicy.self, forKey: .agents) ?? AgentPolicy()
        ownTools = try values.decodeIfPresent([Tool].self, forKey: .ownTools) ?? []
        name = try values.decodeIfPresent(String.self, forKey: .name) ?? ""
        proxy = try values.decodeIfPresent(Proxy.self, forKey: .proxy)
        locale = try values.decodeIfPresent(String.self, forKey: .locale)
        authorities = try values.decodeIfPresent(String.self, forKey: .authorities)
    }
}
