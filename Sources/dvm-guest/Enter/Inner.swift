internal import ArgumentParser
internal import CLinux
internal import DVMProtocol
internal import Glibc

/// What the tool is to be, as `inner` reads it from a file in memory.
struct InnerOrder: Hashable, Codable {
    var words: [String]
    /// Where the program may be, best first, when the first word is one of these.
    var programs: [String]
    var environment: [String: String]
    /// Relative to the project; empty for its top.
    var directory: String
    var terminal: Bool
    var uid: UInt32
    var gid: UInt32
    /// What people call the tool.
    var tool: String
    /// Whether the tool makes sandboxes of its own.
    var nesting: Bool
    /// How many system call filters it is to be under, those of this process included.
    var filters: Int
    /// What is to be mounted.
    var mounts: MountPlan
    /// Which directories are to be where, as the ones that were pinned.
    var directories: [String: FileIdentity]

    init(_ spawn: Spawn, _ agent: Spawn.Agent, mounts: MountPlan, directories: [String: FileIdentity]) throws(Refusal) {
        words = spawn.words
        environment = spawn.environment
        directory = agent.directory
        terminal = spawn.terminal
        uid = agent.uid
        gid = agent.gid
        tool = agent.tool
        programs = agent.programs
        nesting = agent.policy.systemCalls == .nested
        // A container that the launcher may run in has put its own on us.
        filters = try OwnStatus.read().filters + SystemCallFilter.programCount
        self.mounts = mounts
        self.directories = directories
    }
}

/// `dvm-guest inner`: the first program inside the sandbox, which becomes the tool.
///
/// Paths of the project are looked up here and not before: whatever link an agent left, it leads to something the agent
/// sees anyway.
struct Inner: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Become a tool inside the sandbox",
        discussion: "Started by Bubblewrap for dvm-guest enter; not of use by hand.",
        shouldDisplay: false
    )

    @Argument(help: "The descriptor of the order")
    var descriptor: Int32

    func run() {
        let report = ReportStream.inherited
        do throws(Refusal) {
            let order = try Self.order(FileDescriptor(rawValue: descriptor))
            try Self.become(order, report)
        } catch {
            report.refuse(error)
            Glibc.exit(1)
        }
    }

    private static func become(_ order: InnerOrder, _ report: ReportStream) throws(Refusal) -> Never {
        // The order's descriptor and the report's too: the tool sees its three streams and nothing else.
        try Descriptors.closeOnExec(from: 3)
        try checkConfinement(order)
        try checkMounts(order)
        try Landlock.enclose(nesting: order.nesting)
        if order.terminal {
            // The tool leads the terminal's session, as under sshd; see `enter` for why nobody else does.
            try Session.lead()
            try Session.takeTerminal()
        }
        // Bubblewrap's were changed on the way here.
        Session.resetSignals()
        try enterDirectory(order)
        try Replacement(words: words(of: order), environment: order.environment).replace(report)
    }

    private static func order(_ file: FileDescriptor) throws(Refusal) -> InnerOrder {
        do {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            while true {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                guard count > 0 else { return try JSON.decode(InnerOrder.self, from: bytes) }
                bytes += buffer[..<count]
            }
        } catch {
            throw Refusal("the order for the sandbox cannot be read: \(error)")
        }
    }

    /// Looks whether what was to be given up is gone: nothing is started that is confined in part only.
    private static func checkConfinement(_ order: InnerOrder) throws(Refusal) {
        // Mode 2 is the one with filters. One filter alone would pass for confined and let through what the other refuses.
        let status = try OwnStatus.read()
        let confined =
            status.seccompMode == 2 && status.filters == order.filters && dvm_no_new_privileges() == 1
            && Capabilities.areNone()
            && dvm_is_wholly(order.uid, order.gid) != 0
        guard confined else {
            throw Refusal(
                "the sandbox is not whole: a filter, a user or a capability is not as ordered",
                hint: "run `dvm doctor` for this VM on the host"
            )
        }
    }

    /// Looks whether the sandbox shows what was ordered, and nothing else.
    private static func checkMounts(_ order: InnerOrder) throws(Refusal) {
        try order.mounts.check(TextFile.read("/proc/self/mountinfo"))
        for (place, identity) in order.directories {
            guard Status.of(FilePath(place)).map(FileIdentity.init) == identity else {
                throw Refusal(
                    "\(place.printable) in the sandbox is not the directory that was pinned",
                    hint: "start the tool again; if it happens again, run `dvm doctor` for this VM on the host"
                )
            }
        }
    }

    private static func enterDirectory(_ order: InnerOrder) throws(Refusal) {
        try call("entering \(View.workspace)") { unsafe chdir(View.workspace) }
        guard !order.directory.isEmpty else { return }
        guard unsafe chdir("\(View.workspace)/\(order.directory)") == 0 else {
            throw Refusal(
                "“\(order.directory.printable)” is not a directory of the project the agent can enter",
                hint: "start the tool in the project itself, or in a directory that exists there"
            )
        }
    }

    /// The words with the program that is there: looked for in here, where only what the tool may run is seen.
    private static func words(of order: InnerOrder) throws(Refusal) -> [String] {
        guard let first = order.words.first else { return [] }
        // Probes run in a tool's place, and are no program of it.
        let places = order.programs.contains(first) ? order.programs : [first]
        guard let program = places.first(where: { !$0.contains("/") || exists($0) }) else {
            throw Refusal(
                "\(order.tool.printable) is not installed in this VM",
                hint: "install it there so that \(places[0].printable) is its program, for all users"
            )
        }
        return [program] + order.words.dropFirst()
    }

    private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
