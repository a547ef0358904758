/// What works in a VM at the moment.
public struct Activity: Hashable, Codable, Sendable {
    /// How many sessions of agents run.
    public var sessions: Int
    /// Programs of the user's, such as shells, tmux and servers, by their names; the first few.
    public var programs: [String]
    /// Which of the services that were asked about are active.
    public var services: [String]

    /// A finding.
    public init(sessions: Int = 0, programs: [String] = [], services: [String] = []) {
        self.sessions = sessions
        self.programs = programs
        self.services = services
    }

    /// Whether nobody would miss the VM.
    public var isEmpty: Bool { sessions == 0 && programs.isEmpty && services.isEmpty }

    /// The most services that can be asked about.
    public static let mostServices = 64

    /// Refuses what cannot be asked about.
    ///
    /// - Throws: a `Refusal` that quotes the unit.
    public static func check(services: [String]) throws(Refusal) {
        guard services.count <= mostServices else { throw Refusal("\(services.count) services are too many at once") }
        for service in services { try JournalQuery.checkUnit(service) }
    }
}
