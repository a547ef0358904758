internal import DVMProtocol
internal import Glibc

extension SessionSummary {
    /// A session that starts now.
    init(starting order: SessionOrder, _ agent: Spawn.Agent) {
        self.init(
            id: agent.session,
            tool: agent.tool,
            words: Self.shortened(order.spawn.words),
            directory: agent.directory,
            asker: order.asker,
            detached: order.detached,
            started: time(nil)
        )
        attached = true
    }

    /// Takes in how it ended: the last frame of its channel.
    mutating func take(_ last: Frame) {
        ended = time(nil)
        attached = nil
        if last.kind == .exit {
            exit = try? last.json(Exit.self)
        } else {
            refusal = try? last.json(Refusal.self).message
        }
    }

    /// Arguments as far as a line of the record should have them; a whole prompt may be among them.
    static func shortened(_ words: [String]) -> [String] {
        var room = 4096
        var kept: [String] = []
        for word in words {
            guard room > 0 else { return kept + ["…"] }
            let part = word.count > room ? word.prefix(room) + "…" : word[...]
            kept.append(String(part))
            room -= word.count + 1
        }
        return kept
    }
}
