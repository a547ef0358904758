/// What `doctor` found.
public struct DoctorReport: Hashable, Codable, Sendable {
    /// The checks, in the order they were made.
    public var checks: [Check]

    /// A report of checks.
    public init(checks: [Check] = []) { self.checks = checks }

    /// Whether nothing failed.
    public var passed: Bool { !checks.contains { $0.verdict == .fail } }

    /// One thing looked at.
    public struct Check: Hashable, Codable, Sendable {
        /// What was looked at, in a few words.
        public var name: String
        /// How it stands.
        public var verdict: Verdict
        /// What was found.
        public var found: String
        /// What follows from it for whoever relies on it; absent when it passed or the finding says so.
        public var meaning: String?
        /// What to do about it; absent when it passed.
        public var remedy: String?

        /// A check and what it found.
        public init(
            _ name: String,
            _ verdict: Verdict,
            _ found: String,
            meaning: String? = nil,
            remedy: String? = nil
        ) {
            self.name = name
            self.verdict = verdict
            self.found = found
            self.meaning = meaning
            self.remedy = remedy
        }
    }

    /// How a check ended.
    public enum Verdict: String, Hashable, Codable, Sendable {
        /// As it should be.
        case pass
        /// Not as it should be, and other protections hold.
        case warn
        /// A protection does not hold.
        case fail
    }
}
