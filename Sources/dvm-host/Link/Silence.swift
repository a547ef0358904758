/// A guest that says nothing while it is waited for: told of after a while, again after twice as long, and so on.
///
/// A link that is up and silent is no reason to end it, as a guest may be busy; but a person should not have to wonder.
struct Silence {
    private let patience: Duration
    private let tell: (Duration) -> Void
    /// After how much waiting the next word is due.
    private var due: Duration
    /// How long was waited since the guest was last heard.
    ///
    /// The time between waits is our own.
    private var waited = Duration.zero

    /// Nothing is waited for yet; `tell` gets how long, at least, the guest was waited for.
    init(after patience: Duration, tell: @escaping (Duration) -> Void) {
        (self.patience, self.tell, due) = (patience, tell, patience)
    }

    /// The milliseconds after which there is something to tell.
    var milliseconds: Int { max(1, Int((due - waited) / .milliseconds(1)) + 1) }

    /// Takes note of a wait in which the guest said something.
    mutating func heard() { (waited, due) = (.zero, patience) }

    /// Takes note of a wait in which it said nothing.
    mutating func passed(_ time: Duration) {
        waited += time
        var told: Duration?
        // After a long one, such as while dvm was stopped, one word is enough.
        while due <= waited {
            told = due
            due *= 2
        }
        if let told { tell(told) }
    }
}
