extension Spawn {
    /// The same session with another program in the tool's place.
    ///
    /// `inner` would look for the tool's own programs first, so they are taken out.
    func running(_ words: [String]) -> Self {
        var spawn = self
        spawn.words = words
        if case .agent(var agent) = confinement {
            agent.programs = []
            spawn.confinement = .agent(agent)
        }
        return spawn
    }
}
