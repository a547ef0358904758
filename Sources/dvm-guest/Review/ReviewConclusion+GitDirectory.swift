internal import DVMProtocol

/// What git runs and obeys by itself, in the git directory of a repository.
extension ReviewConclusion {
    /// Looks at its git directory, and at those in it that belong to no files.
    ///
    /// - Parameter own: the git directories of all repositories with files.
    func lookAtGitDirectories(_ own: Set<TreePath>) {
        guard let directory = review.gitDirectory(of: subject.found),
            review.tree.status(directory)?.isDirectory == true
        else {
            return subject.note(
                "its git directory is outside the code directory, so its hooks and settings are not known"
            )
        }
        var room = Room()
        lookAtGitDirectory(directory, &room)
        for inner in inner(of: directory, besides: own) { lookAtGitDirectory(inner, &room) }
    }

    /// What may be remembered of git directories: it travels in a file of limited size, and what has no room is told of
    /// again.
    private struct Room {
        /// The bytes of all texts.
        var text = Inventory.mostText
        /// Those of all paths, with what stands beside each.
        var paths = 128 * 1024
    }

    /// The git directories in one that no files in the code directory belong to.
    ///
    /// They are of submodules and work trees that are gone, or still to come. Git runs what was put there as soon as there
    /// are files again.
    private func inner(of directory: TreePath, besides own: Set<TreePath>) -> [TreePath] {
        var found: [TreePath] = []
        var seen: Set<TreePath> = [directory]
        var waiting = [directory]
        while let next = waiting.popLast() {
            let inner = Repositories.inner(of: next, in: review.tree)
            for path in inner.closed { subject.note("\(shown(path).brief) cannot be looked into") }
            for path in inner.found where seen.insert(path).inserted {
                guard seen.count < Survey.mostPaths, ContinuousClock.now < review.deadline else {
                    subject.note("there are more git directories in it than could be looked at")
                    return found
                }
                // Those with files are told of with them.
                guard !own.contains(path) else { continue }
                found.append(path)
                // Submodules of submodules were found at once; those of a work tree are in the directory of that.
                if path.parent.name.elementsEqual("worktrees".utf8) { waiting.append(path) }
            }
        }
        return found
    }

    private func lookAtGitDirectory(_ directory: TreePath, _ room: inout Room) {
        let exclude = directory.appending("info/exclude")
        var paths = Watched.paths(in: directory, review.tree)
        if review.tree.status(exclude) != nil { paths.append(exclude) }
        for path in paths {
            guard let status = review.tree.status(path) else { continue }
            var text = status.isRegular && status.size <= 1 << 20 ? review.tree.read(path, atMost: 1 << 20) : nil
            if text?.count != status.size { text = nil }
            let before = subject.before?.watched[path]
            let isSmall = (text?.count ?? 0) <= room.text
            if isSmall { room.text -= text?.count ?? 0 }
            room.paths -= path.cString.count + 128
            if room.paths > 0 { subject.record.watched[path] = Inventory.Kept(status, text: isSmall ? text : nil) }
            if let before, isSame(before, status, text) { continue }
            let old = before?.text.flatMap(Latin.bytes)
            if path == exclude {
                if subject.before != nil || says(text) { subject.dangers.add(.ignoring, .repository, shown(path)) }
            } else if !Watched.isHarmless(path, of: directory, text: text, before: old, mode: status.mode) {
                let isHook = path.parent.name.elementsEqual("hooks".utf8) || path.name.elementsEqual("hooks".utf8)
                subject.dangers.add(isHook ? .hook : .gitSetting, .repository, shown(path))
            }
        }
    }

    private func isSame(_ before: Inventory.Kept, _ status: Status, _ text: [UInt8]?) -> Bool {
        if before.isUntouched(status) { return true }
        guard let kept = before.text, let text else { return false }
        return Latin.text(text) == kept && status.mode & 0o777 == before.mode
    }

    /// Whether a file of patterns has any.
    private func says(_ text: [UInt8]?) -> Bool {
        guard let text else { return true }
        return text.split(separator: UInt8(ascii: "\n")).contains { $0.first != UInt8(ascii: "#") }
    }

    /// A path of the project as one of the repository, where it is in that.
    private func shown(_ path: TreePath) -> TreePath {
        guard path.isAtOrBelow(subject.found.path) else { return path }
        return TreePath.top.appending(Array(path.parts[subject.found.path.parts.count...]))
    }
}
