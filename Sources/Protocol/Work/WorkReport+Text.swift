extension WorkReport {
    /// The report as people read it, harmless on a terminal: what would be lost, then what is not known.
    public var text: String { (lines + ["", summary]).joined(separator: "\n") }

    /// What would be lost and what is not known, a line each; the details of a thing are indented below it.
    public var lines: [String] {
        var lines: [String] = []
        for repository in repositories.sorted(by: { $0.path < $1.path }) where !repository.isClean {
            let branch = repository.branch.map { " (\($0.printable))" } ?? ""
            let kind = repository.kind == .repository ? "" : ", a \(repository.kind.name)"
            lines.append("\(repository.isAtRisk ? "✗" : "?") \(repository.path.printable)\(branch)\(kind)")
            lines += repository.facts.map { "    \($0)" }
        }
        if omitted != 0 { lines.append("✗ \(omitted) more repositories with something at risk, or not known") }
        if !loose.isEmpty { lines.append("✗ \(loose.text("file")) in no repository\(loose.names)") }
        for session in sessions { lines.append("✗ a session of \(session.tool.printable) runs: \(session.id)") }
        lines += unknown.map { "? not known: \($0.printable)" }
        return lines
    }

    /// The whole report in a sentence.
    public var summary: String {
        let place = codeDirectory.printable
        let all = repositoryCount == 1 ? "1 repository" : "\(repositoryCount) repositories"
        if isClean {
            return "nothing in \(place) would be lost (\(all))"
        }
        let found = isAtRisk ? "there is work in \(place) that is nowhere else" : "nothing was found in \(place)"
        return "\(found) (\(all))" + (isIncomplete ? "; not everything could be looked at" : "")
    }
}

extension RepositoryWork {
    /// What would be lost and what is not known, a line each.
    fileprivate var facts: [String] {
        var facts: [String] = []
        func fact(_ sample: Sample, _ one: String, _ rest: String = "", plural: String? = nil) {
            if !sample.isEmpty { facts.append("\(sample.text(one, plural: plural))\(rest)\(sample.names)") }
        }
        fact(unmerged, "file", " with conflicts")
        fact(changed, "changed file")
        fact(untracked, "untracked file or directory", plural: "untracked files and directories")
        fact(hidden, "file", " whose changes git was told not to show")
        fact(ignored, "ignored file", " that nothing makes again")
        if unpushed.count != 0 {
            let count =
                unpushed.more ? "\(unpushed.count) or more commits" : Sample(count: unpushed.count).text("commit")
            let place = hasRemote ? "on no remote" : "only here: there is no remote outside the VM"
            facts.append("\(count) \(place)\(unpushed.names.names)")
        }
        if stashes != 0 { facts.append(Sample(count: stashes).text("stash", plural: "stashes")) }
        facts += operations.map { "begun and not ended: \($0.printable)" }
        return facts + unknown.map { "not known: \($0.printable)" }
    }
}

extension RepositoryWork.Kind {
    fileprivate var name: String {
        switch self {
        case .repository: "repository"
        case .worktree: "linked work tree"
        case .submodule: "submodule"
        case .bare: "bare repository"
        }
    }
}

extension Sample {
    fileprivate func text(_ one: String, plural: String? = nil) -> String {
        "\(count) \(count == 1 ? one : plural ?? "\(one)s")"
    }

    /// Their names after a colon, as far as they are known.
    fileprivate var names: String {
        guard !examples.isEmpty else { return "" }
        let more = count > examples.count ? ", …" : ""
        return ": " + examples.prefix(Self.most.examples).map(\.printable).joined(separator: ", ") + more
    }
}
