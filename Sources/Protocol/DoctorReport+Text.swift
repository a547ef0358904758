extension DoctorReport {
    /// The report as people read it: a line a check, what it means and its remedy below it.
    public var text: String {
        // A guest's word, too: without a limit one long name would make every line as long.
        let width = min(checks.map(\.name.printable.count).max() ?? 0, 80)
        let lines = checks.flatMap { check in
            let name = check.name.printable
            let room = String(repeating: " ", count: max(0, width - name.count))
            let line = "\(check.verdict.mark) \(name)\(room)  \(check.found.printable)"
            return [line] + (check.meaning.map { ["    \($0.printable)"] } ?? [])
                + (check.remedy.map { ["    → \($0.printable)"] } ?? [])
        }
        let failures = checks.count { $0.verdict == .fail }
        let warnings = checks.count { $0.verdict == .warn }
        return (lines + ["", "\(checks.count) checks, \(failures) failed, \(warnings) to look at"]).joined(
            separator: "\n"
        )
    }
}

extension DoctorReport.Verdict {
    fileprivate var mark: String {
        switch self {
        case .pass: "✓"
        case .warn: "!"
        case .fail: "✗"
        }
    }
}
