internal import DVMProtocol

/// What root makes around a session of an agent before it is started, and takes down after it has ended.
protocol SessionPart {
    /// Makes it for a session that is about to start.
    ///
    /// - Throws: a `Refusal` when it cannot be had; whatever was made until then is taken down before.
    static func make(at site: SessionSite) throws(Refusal) -> Self

    /// Takes it down, when no process of the session is left.
    ///
    /// - Returns: what the person should know.
    mutating func end() -> [SessionNote]

    /// What it knows of the session in the end, for the record.
    var facts: SessionFacts { get }
}

extension SessionPart {
    var facts: SessionFacts { SessionFacts() }
}

/// The parts around one session, in the order in which they were made.
struct SessionSurroundings {
    /// Every part there is; each may need those before it.
    private static var kinds: [any SessionPart.Type] {
        // The guard last, and so the first to end: it may start one more sandbox, which needs the others.
        [ProjectAccess.self, SessionNetwork.self, ProjectGuard.self]
    }

    private var parts: [any SessionPart] = []
    /// What the parts knew that were taken down.
    private(set) var facts = SessionFacts()

    /// Makes every part.
    ///
    /// - Throws: the first part's `Refusal`, after those before it were taken down.
    static func make(at site: SessionSite) throws(Refusal) -> Self {
        var made = Self()
        do throws(Refusal) {
            for kind in kinds { made.parts.append(try kind.make(at: site)) }
        } catch {
            _ = made.end()
            throw error
        }
        return made
    }

    /// Takes every part down, the last one first; nothing the second time.
    mutating func end() -> [SessionNote] {
        var notes: [SessionNote] = []
        while var part = parts.popLast() {
            notes = part.end() + notes
            facts.add(part.facts)
        }
        return notes
    }
}
