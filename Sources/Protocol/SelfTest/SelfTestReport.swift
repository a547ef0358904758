/// What became of the attacks an agent's session tried on its own VM.
public struct SelfTestReport: Hashable, Codable, Sendable {
    /// The attacks, by subject and in the order of the list.
    public var rows: [Row]

    /// A report of attacks.
    public init(rows: [Row]) { self.rows = rows }

    /// Whether nothing is open and nothing is unknown.
    public var passed: Bool { rows.allSatisfy { [.blocked, .permitted].contains($0.verdict) } }

    /// One attack and what became of it.
    public struct Row: Hashable, Codable, Sendable {
        /// What it is about, such as “sockets”.
        public var subject: String
        /// What was attempted, in a few words.
        public var name: String
        /// What it would give whoever succeeds.
        public var gain: String
        /// How it ended.
        public var verdict: Verdict
        /// What blocked it, or which setting allows it.
        public var layer: String?
        /// What the kernel or a program answered.
        public var answer: String
        /// What the same attempt came to without the sandbox.
        public var control: Control

        /// An attack and what became of it.
        public init(
            subject: String,
            name: String,
            gain: String,
            verdict: Verdict,
            layer: String?,
            answer: String,
            control: Control
        ) {
            self.subject = subject
            self.name = name
            self.gain = gain
            self.verdict = verdict
            self.layer = layer
            self.answer = answer
            self.control = control
        }
    }

    /// How an attack ended.
    public enum Verdict: String, Hashable, Codable, Sendable {
        /// It did not work.
        case blocked
        /// It worked.
        case open
        /// It worked, and the VM's configuration says that it may.
        case permitted = "allowed"
        /// It ended without an answer, which proves nothing.
        case unknown
    }

    /// What the same attempt came to outside the sandbox: only where it works there has the sandbox been seen to hold.
    public struct Control: Hashable, Codable, Sendable {
        /// Whom it was tried as: an account, or nobody.
        public var actor: String?
        /// Whether it worked; absent when it was not tried.
        public var worked: Bool?
        /// What was answered, or why it was not tried.
        public var answer: String

        /// A control that was made.
        public init(actor: String, worked: Bool, answer: String) {
            self.actor = actor
            self.worked = worked
            self.answer = answer
        }

        /// A control that was left out, and the reason.
        public init(leftOut reason: String) { answer = reason }
    }
}
