internal import DVMProtocol

/// Something an agent must not be able to do, and how to try it.
///
/// An attempt that works has no lasting effect: it ends with the process that made it, or with the scratch project of the
/// self-test.
struct Attack: Sendable {
    /// What is attempted, in a few words; the name by which one process is told to try it.
    var name: String
    /// What it would give whoever succeeds.
    var gain: String
    /// Which layer gives which refusal, where that is not the one that usually gives it.
    var held: [String: Layer]
    /// Who tries the same outside the sandbox.
    var control: Control
    /// The setting that allows it, in VMs whose configuration does.
    var permitted: @Sendable (AgentPolicy) -> String?
    /// Tries it.
    var attempt: @Sendable (AttackGround) -> AttackAnswer
    /// What to look for later, where the attempt alone proves nothing.
    var trace: Trace?
    /// Whether it must not be tried while others are.
    var isAlone: Bool
    /// How the session is asked for in which it is tried, where that is the attack.
    var asking: Asking?

    init(
        _ name: String,
        gain: String,
        held: [String: Layer] = [:],
        control: Control = .agent,
        permitted: @escaping @Sendable (AgentPolicy) -> String? = { _ in nil },
        isAlone: Bool = false,
        asking: Asking? = nil,
        trace: Trace? = nil,
        attempt: @escaping @Sendable (AttackGround) -> AttackAnswer
    ) {
        self.name = name
        self.gain = gain
        self.held = held
        self.control = control
        self.permitted = permitted
        self.attempt = attempt
        self.trace = trace
        self.isAlone = isAlone
        self.asking = asking
    }

    /// Who makes the same attempt without the sandbox, to show that it can work.
    enum Control: Hashable, Sendable {
        /// The agent's account.
        case agent
        /// Root, in a mount namespace of its own.
        case root
        /// Nobody, for a reason: it would do harm where it works.
        case leftOut(String)
    }

    /// An effect that shows only after the session.
    struct Trace: Sendable {
        /// Where to look.
        var place: Place
        /// What takes the effect away.
        var layer: Layer
        /// Looks; works when the effect is there.
        var look: @Sendable (AttackGround) -> AttackAnswer
    }

    enum Place: String, Hashable, Codable, Sendable {
        /// In a session like the first one, after it.
        case nextSession
        /// Outside, as the developer, when the session has ended.
        case outside
    }

    /// A session that whoever may start one asks for with more in mind.
    enum Asking: String, CaseIterable, Sendable {
        /// In a directory of the VM, and with variables that are obeyed by what starts programs.
        case outside
        /// The same directory, by a path that begins in the project.
        case above
        /// In a link of the project's that leads there.
        case link
    }

    /// What keeps an attack from working.
    enum Layer: String, Hashable, Sendable {
        case filter = "system call filter"
        case capabilities = "no capabilities"
        case newPrivileges = "no new privileges"
        case users = "user namespace"
        case view = "not in the view"
        case mounts = "read-only mount"
        case mountPoint = "mount point"
        case permissions = "owners, modes and access lists"
        case processes = "process namespace"
        case network = "network namespace"
        case interprocess = "IPC namespace"
        case sessionEnd = "gone with the session"
        case undone = "undone after the session"
        case landlock = "Landlock"
        case launcher = "launcher"
        case kernel = "kernel"
        case absent = "not in this VM"
    }
}

/// Attacks on one thing.
struct AttackSubject: Sendable {
    var name: String
    var attacks: [Attack]
}

/// What is around an attack: the places and processes the self-test has made for it.
struct AttackGround: Hashable, Codable, Sendable {
    /// A text that is in everything made for this run.
    var marker: String
    /// The scratch project, as the attacker sees it.
    var project: String
    /// The attacker's home.
    var home: String
    /// The directory of the self-test outside, readable by everyone.
    var directory: String
    /// The home of the user people work as.
    var developerHome: String
    /// The uid of that user.
    var developer: UInt32
    /// A process of the agent's account outside.
    var victim: Int32
    /// A terminal of the agent's account outside.
    var terminal: String
    /// A TCP port that listens on the VM's loopback and on its own addresses.
    var port: UInt16
    /// The VM's own addresses, without its loopback.
    var addresses: [String]
    /// Where the VM's packets leave it.
    var gateways: [String]
    /// A key for shared memory that nobody else uses.
    var memoryKey: Int32
    /// Descriptors beside the three streams that the session began with.
    var inherited: [Int32] = []

    /// A file of root's that everyone may read.
    var canary: String { "\(directory)/canary" }
    /// A socket everyone may connect to.
    var socket: String { "\(directory)/socket" }
    /// A file in the home of another tool.
    var otherToken: String { "\(directory)/agents/other/token" }
    /// The developer's secret, made for this run.
    var secret: String { "\(developerHome)/.dvm-selftest-\(marker)" }
    /// A start file for shells, which leaves the sign that it was run.
    var catcher: String { "\(directory)/catcher" }
    /// What the names begin with of whatever attacks leave in a directory for temporary files.
    var sign: String { "dvm-selftest-\(marker)" }
    /// A socket without a path, as `connect` is told it.
    var abstractName: String { "@dvm-selftest-\(marker)" }
}
