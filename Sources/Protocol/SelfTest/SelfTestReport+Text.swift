extension SelfTestReport {
    /// The report as people read it: a table for each subject, and what is open below it.
    public var text: String {
        // A guest's word, too: without a limit one long name would make every line as long.
        let width = min(rows.map(\.name.printable.count).max() ?? 0, 60)
        var lines: [String] = []
        var subject: String?
        for row in rows {
            if row.subject != subject { lines += (subject == nil ? [] : [""]) + [row.subject.printable] }
            subject = row.subject
            lines += row.lines(width)
        }
        return (lines + [""] + summary).joined(separator: "\n")
    }

    private var summary: [String] {
        func count(_ verdict: Verdict) -> Int { rows.count { $0.verdict == verdict } }
        let allowed = count(.permitted)
        let seen = rows.count { $0.control.worked == true }
        return [
            """
            \(rows.count) attacks: \(count(.blocked)) blocked, \(count(.open)) open\
            \(allowed > 0 ? ", \(allowed) allowed by configuration" : "")\
            \(count(.unknown) > 0 ? ", \(count(.unknown)) without an answer" : "")
            """,
            "\(seen) of them were tried outside the sandbox as well and worked there (control: yes)",
        ]
    }
}

extension SelfTestReport.Row {
    fileprivate func lines(_ width: Int) -> [String] {
        let name = name.printable
        let room = String(repeating: " ", count: max(0, width - name.count))
        let reason = [layer?.printable, answer.printable.isEmpty ? nil : answer.printable].compactMap(\.self)
        let line = """
            \(verdict.mark) \(name)\(room)  \(verdict.rawValue)\(reason.isEmpty ? "" : ": ")\
            \(reason.joined(separator: ", "))  (\(control.text))
            """
        return [line] + (verdict == .open || verdict == .unknown ? ["    → \(gain.printable)"] : [])
    }
}

extension SelfTestReport.Control {
    fileprivate var text: String {
        guard let actor, let worked else { return "no control: \(answer.printable)" }
        return "control: \(worked ? "yes" : "no, \(answer.printable)"), as \(actor.printable)"
    }
}

extension SelfTestReport.Verdict {
    fileprivate var mark: String {
        switch self {
        case .blocked: "✓"
        case .permitted: "·"
        case .open: "✗"
        case .unknown: "?"
        }
    }
}
