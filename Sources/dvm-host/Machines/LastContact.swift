internal import DVMProtocol

/// What a VM said of itself when dvm last talked to it; only the VM knows it, and `dvm ls` does not ask.
struct LastContact: Hashable, Sendable, Codable {
    /// When that was, in seconds since 1970.
    var time: Int
    /// How many sessions of AI tools ran.
    var sessions: Int

    /// More than any VM has: the number is the guest's word.
    private static let most = 9999

    /// What was said just now.
    init(sessions: Int, time: Int = Int(WallClock.now)) {
        self.time = time
        self.sessions = min(max(0, sessions), Self.most)
    }
}

/// Whether a VM held work that is nowhere else when that was last looked at.
struct WorkSeen: Hashable, Sendable, Codable {
    enum Finding: String, Hashable, Sendable, Codable {
        case none
        case atRisk = "at-risk"
        /// Not all of it could be looked at.
        case unknown

        /// The finding in words.
        var text: String {
            switch self {
            case .none: "none"
            case .atRisk: "at risk"
            case .unknown: "not known"
            }
        }
    }

    /// When that was, in seconds since 1970.
    var time: Int
    var finding: Finding

    /// What a report has just said.
    init(_ report: WorkReport, time: Int = Int(WallClock.now)) {
        self.time = time
        finding = report.isAtRisk ? .atRisk : report.isIncomplete ? .unknown : .none
    }
}

/// How long ago something was.
enum Age {
    /// The time that has passed, in its largest unit: “now”, “5 min ago”, “3 h ago”, “12 d ago”.
    static func text(since time: Int, now: Int = Int(WallClock.now)) -> String {
        let (seconds, isAhead) = now.subtractingReportingOverflow(time)
        // A clock may have been set back meanwhile.
        guard !isAhead, seconds >= 60 else { return "now" }
        if seconds < 3600 { return "\(seconds / 60) min ago" }
        if seconds < 86400 * 2 { return "\(seconds / 3600) h ago" }
        return "\(seconds / 86400) d ago"
    }
}
