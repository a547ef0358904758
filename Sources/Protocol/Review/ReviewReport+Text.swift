extension ReviewReport {
    /// The report as people read it, harmless on a terminal; `since` says how long ago the last review was, in words.
    public func text(since: String) -> String {
        (lines(since: since) + [summary(since: since)]).joined(separator: "\n")
    }

    private func lines(since: String) -> [String] {
        var lines: [String] = []
        for repository in repositories.sorted(by: { $0.path < $1.path })
        where repository.hasChanges || !repository.unknown.isEmpty {
            lines += repository.lines(since: since) + [""]
        }
        if !loose.isEmpty || !dangers.isEmpty {
            lines.append("● in no repository")
            lines += dangers.sorted(by: Danger.isWorse).map { "    ! \($0.line)" }
            if !loose.isEmpty {
                lines.append("    \(loose.count) new or changed \(loose.count == 1 ? "file" : "files")\(loose.shown)")
            }
            lines.append("")
        }
        if !gone.isEmpty { lines += ["● gone: \(gone.names)", ""] }
        if omitted != 0 { lines.append("? \(omitted) more repositories in which something was done") }
        for session in sessions {
            lines.append("• a session of \(session.tool.printable) runs; what it does from now on is not in here")
        }
        lines += unknown.map { "? not known: \($0.printable)" }
        return lines
    }

    private func summary(since: String) -> String {
        let all = repositoryCount == 1 ? "1 repository" : "\(repositoryCount) repositories"
        let place = "\(codeDirectory.printable) (\(all))"
        let time = self.since == nil ? "nothing counts as reviewed yet" : "since the review \(since)"
        guard isEmpty else { return "changes in \(place); \(time)" + tail }
        return "no changes in \(place); \(time)" + tail
    }

    private var tail: String { isIncomplete ? "; not everything could be looked at" : "" }
}

extension RepositoryReview {
    fileprivate func lines(since: String) -> [String] {
        let branch = branch.map { " (\($0.printable))" } ?? ""
        let base =
            switch base {
            case .review: "since the review \(since)"
            case .remote: "beyond what it says its remotes have"
            case .nothing: "everything in it"
            }
        var lines = ["● \(path.printable)\(branch): \(base)"]
        lines += dangers.sorted(by: Danger.isWorse).map { "    ! \($0.line)" }
        if commitCount != 0 || !commits.isEmpty {
            let number = hasMoreCommits ? "\(commitCount) or more" : "\(commitCount)"
            lines.append("    \(number) \(commitCount == 1 && !hasMoreCommits ? "commit" : "commits")")
            let shown = commits.prefix(Self.most.commits)
            lines += shown.map { "      \($0.line)" }
            if commitCount > shown.count { lines.append("      and \(commitCount - shown.count) more") }
        }
        if !gone.isEmpty { lines.append("    branches and tags that are gone: \(gone.names)") }
        if fileCount != 0 || !files.isEmpty {
            lines.append("    \(fileCount) \(fileCount == 1 ? "file" : "files")")
            let shown = files.prefix(Self.most.files)
            lines += shown.map { "      \($0.line)" }
            if fileCount > shown.count { lines.append("      and \(fileCount - shown.count) more") }
        }
        return lines + unknown.map { "    ? not known: \($0.printable)" }
    }
}

extension RepositoryReview.Commit {
    fileprivate var line: String {
        "\(id.prefix(10).printable) \(author.cut.printable): \(subject.cut.printable)"
    }
}

extension RepositoryReview.FileChange {
    fileprivate var line: String {
        let letter =
            switch status {
            case .added: "A"
            case .untracked: "?"
            case .modified: "M"
            case .deleted: "D"
            case .renamed: "R"
            case .retyped: "T"
            }
        var line = "\(letter) "
        if let old { line += "\(old.cut.printable) → " }
        line += path.cut.printable
        if let added { line += " +\(added)" }
        if let removed { line += " −\(removed)" }
        switch (oldMode, mode) {
        case (let old?, let new?): line += ", mode \(old.cut.printable) → \(new.cut.printable)"
        case (nil, let new?): line += ", mode \(new.cut.printable)"
        case (_, nil): break
        }
        return line
    }
}

extension Danger {
    /// By how bad they are, then by where they are.
    fileprivate static func isWorse(_ one: Self, _ other: Self) -> Bool {
        (one.kind.rank, one.place.rank) < (other.kind.rank, other.place.rank)
    }

    fileprivate var line: String { "\(kind.words)\(place.words): \(paths.names)" }
}

extension Danger.Kind {
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    fileprivate var words: String {
        switch self {
        case .hook: "git runs by itself"
        case .gitSetting: "tells git what to run or how to read files"
        case .onOpening: "runs or is obeyed when somebody opens its directory"
        case .ci: "runs on a build server"
        case .staged: "staged in git’s index, and not what the file holds"
        case .unseen: "git was told not to show its changes"
        case .leavingLink: "link that leads out of the repository"
        case .repository: "another repository in this one"
        case .executable: "new or changed program"
        case .build: "runs when somebody builds, installs or tests"
        case .lockFile: "says what is downloaded"
        case .ignoring: "says what git does not show"
        }
    }
}

extension Danger.Place {
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    fileprivate var words: String {
        switch self {
        case .files, .repository: ""
        case .ignored: " (git ignores it)"
        case .commits: " (in commits only)"
        case .installed: " (in directories such as node_modules)"
        }
    }
}

extension Sample {
    /// Names, with how many there are beside them.
    fileprivate var names: String {
        let shown = examples.prefix(Danger.mostPaths)
        let more = count > shown.count ? [shown.isEmpty ? "\(count)" : "and \(count - shown.count) more"] : []
        return (shown.map(\.cut.printable) + more).joined(separator: ", ")
    }

    fileprivate var shown: String { examples.isEmpty ? "" : ": \(names)" }
}

extension StringProtocol {
    /// As much of it as has room in a line.
    fileprivate var cut: String { String(prefix(RepositoryReview.most.characters)) }
    fileprivate var printable: String { String(self).printable }
}
