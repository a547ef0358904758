internal import DVMProtocol

/// The walk through a project, for what is not git's.
extension Reviewer {
    mutating func compareProtected(_ after: Survey) {
        for path in after.protected.keys.sorted().flatMap({ Watched.files(at: $0, tree) }) {
            guard let status = tree.status(path), order.before.protected[path]?.isUntouched(status) != true,
                changedMeanwhile(status)
            else { continue }
            findings.add(path, to: \.protected)
        }
    }

    /// Finds hidden files that were moved to where the next session would not find them to hide.
    mutating func compareSecrets(_ after: Survey) {
        let found = Set(after.secrets.values)
        for (inode, path) in order.before.secrets where !found.contains(inode) {
            if moved.contains(inode) {
                findings.add(path, to: \.uncovered)
            } else if tree.status(path)?.isRegular == true {
                // Saved anew under the same name, by somebody outside: what hid it went with the old file.
                findings.add(path, to: \.replaced)
            }
        }
    }

    /// Which files a walk goes by.
    enum Manner {
        case files
        /// Files that a package manager brings.
        case vendored
        /// What git keeps for itself: not the project's files.
        case git
    }

    /// Looks for repositories in git's own directories.
    ///
    /// Nobody is there, and git finds none of them. But there they would wait, from before another session, until that one
    /// moves what is around them to where somebody is.
    mutating func walkGitDirectories(_ most: Int, device: UInt64) {
        // Room of its own, and last: neither may files hide these, nor objects of git's hide what is among the files.
        entriesLeft = most
        for path in gitDirectories {
            guard let directory = try? tree.directory(path),
                let status = try? Status.of(directory.raw, called: "a directory"), status.device == device
            else {
                if tree.status(path)?.device == device { findings.add(path, to: \.closed) }
                continue
            }
            walk(directory, path, depth: path.parts.count, device: device, .git)
        }
    }

    mutating func walk(
        _ directory: borrowing OwnedDescriptor,
        _ path: TreePath,
        depth: Int,
        device: UInt64,
        _ manner: Manner
    ) {
        guard entriesLeft > 0 else { return passOver(path) }
        guard depth < Self.deepest, path.isReachable else {
            // A later session could bring it up from there.
            findings.isWhole = false
            return findings.add(path, to: \.closed)
        }
        guard let entries = ProjectTree.entries(directory, within: &entriesLeft) else {
            // Either it cannot be read, or it is what was too much.
            if entriesLeft > 0 { findings.add(path, to: \.closed) } else { passOver(path) }
            return
        }
        // A directory that git takes for a repository as soon as somebody is in it.
        if path != .top, Repositories.looksBare(entries), !reviewed.contains(path) {
            if let status = tree.status(path), isRecent(status, of: path) { findings.add(path, to: \.repositories) }
            review(repository: path)
        }
        for entry in entries {
            let place = path.appending(entry.name)
            if entry.name.elementsEqual(".git".utf8) {
                lookAtDotGit(place)
                if manner != .git {
                    if entry.kind == .directory { walkLater(place) }
                    continue
                }
            }
            switch entry.kind {
            case .directory:
                var next = ProjectTree.enter(entry.name, of: directory, on: device)
                if next == nil, reopen(place, of: place) {
                    next = ProjectTree.enter(entry.name, of: directory, on: device)
                }
                guard let next else {
                    if let status = Status.of(entry.name, in: directory.raw), status.device == device {
                        findings.add(place, to: \.closed)
                    }
                    continue
                }
                let isVendored = manner == .files && SecretFiles.isVendorTree(entry.name)
                walk(next, place, depth: depth + 1, device: device, isVendored ? .vendored : manner)
            case .file, .link:
                guard manner != .git || !order.before.secrets.isEmpty,
                    let status = Status.of(entry.name, in: directory.raw)
                else { continue }
                guard changedMeanwhile(status) else {
                    // With the directory above it: renamed itself, it would have changed, or be another by now.
                    if order.before.secrets[status.inode] != nil { moved.insert(status.inode) }
                    continue
                }
                if manner != .git { count(place, status, vendor: manner == .vendored) }
            case .other: continue
            }
        }
    }

    private mutating func walkLater(_ gitDirectory: TreePath) {
        guard gitDirectories.count < Self.mostPassedOver else { return passOver(gitDirectory) }
        gitDirectories.append(gitDirectory)
    }

    private mutating func count(_ path: TreePath, _ status: Status, vendor: Bool) {
        findings.changedCount += 1
        if status.isRegular, status.mode & 0o111 != 0 {
            findings.executableCount += 1
            if !vendor { findings.add(path, to: \.executables) }
        }
        guard !vendor || RunsLater.isSetting(inVendorTree: path) else { return }
        switch RunsLater.kind(of: path) {
        case .onOpening: findings.add(path, to: \.protected)
        // With the rest of what is protected where it is there.
        case .hook where ProtectedNames.top.contains(where: path.isAtOrBelow): findings.add(path, to: \.protected)
        case .hook, .ci, .build, .gitSetting: findings.add(path, to: \.runsLater)
        // Nothing runs them: they choose what is installed, or what git shows.
        default: break
        }
        guard status.isSymbolicLink, let target = tree.target(ofLink: path) else { return }
        let roots = [order.rules.project, "/workspace"]
        let isSystems = ["/usr/", "/bin/"].contains { target.starts(with: $0.utf8) }
        if !isSystems, Repositories.resolve(target, in: path.parent, roots: roots) == nil {
            findings.add(path, to: \.leaving)
        }
    }
}
