internal import DVMProtocol

/// The files below the configuration directory, read only after proof that nobody else could have written them.
///
/// Configuration is run by bash as the person, so whoever can write it, or swap a directory on the way to it, is the
/// person. Links are followed by hand: people keep such files in a repository of theirs and link to them.
struct TrustedFiles: Sendable {
    /// The configuration directory.
    var root: FilePath
    /// Whose files they must be.
    var owner = UInt32(geteuid())
    /// Whether root's do as well: what the system itself came with.
    var allowsRoot = false
    /// What they are, for messages.
    var kind = "a configuration file"

    /// A file's text, and where it really is.
    struct File: Hashable, Sendable {
        /// The path as people know it.
        var path: FilePath
        var bytes: [UInt8]
    }

    /// The most bytes of a configuration file.
    static let largest = 256 * 1024

    /// What is asked of a file or directory.
    private enum Rule {
        /// It belongs to the configuration: the person's, and writable by nobody else.
        case own
        /// It is on the way there: others must not be able to replace what is below it.
        case way
    }

    /// Reads a file named by its path below the configuration directory; nothing when there is none.
    ///
    /// - Throws: a `Refusal` naming the first file or directory on the way that somebody else could have changed.
    func read(_ names: String...) throws(Refusal) -> File? {
        let path = names.reduce(root) { $0.appending($1) }
        guard let place = try resolve(names) else { return nil }
        do {
            // What is checked is what is read: the descriptor's own status, and no link in the last place.
            let descriptor = try FileDescriptor.open(
                place,
                .readOnly,
                options: [.noFollow, .closeOnExec, .nonBlocking]
            )
            defer { try? descriptor.close() }
            let status = try FileStatus(of: descriptor)
            guard status.kind == .file else { throw Refusal("\(path.shown) is not a file", hint: "move it away") }
            try check(status, of: place, .own)
            let bytes = try Files.read(descriptor, limit: Self.largest)
            // One that is being written is half a configuration, and half of one can mean something else.
            let later = try FileStatus(of: descriptor)
            guard later.modified == status.modified, later.size == status.size else {
                throw Refusal("\(path.shown) changed while it was read", hint: "run the command again")
            }
            guard bytes.count <= Self.largest, !bytes.contains(0) else {
                throw Refusal("\(path.shown) is not \(kind)", hint: "it can be text of at most 256 KiB")
            }
            return File(path: path, bytes: bytes)
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal("cannot read \(path.shown): \(error)", hint: "see `ls -l \(place.quoted)`")
        }
    }

    /// Proves that nobody else could change a directory of the configuration; false when there is none.
    ///
    /// - Throws: a `Refusal` naming what is wrong on the way.
    func checkDirectory(_ names: String...) throws(Refusal) -> Bool { try resolve(names) != nil }

    /// Walks from the top to a path below the configuration directory, checking every step; nothing when one is missing.
    ///
    /// By path and not by descriptor: what was checked above a step keeps others from changing the step.
    private func resolve(_ names: [String]) throws(Refusal) -> FilePath? {
        var ahead = root.components.map { (name: $0, rule: Rule.way) }
        if !ahead.isEmpty { ahead[ahead.count - 1].rule = .own }
        ahead += names.compactMap { FilePath.Component($0) }.map { ($0, .own) }
        ahead.reverse()

        var place = FilePath("/")
        if let top = try status(of: place) { try check(top, of: place, .way) }
        var links = 0
        while let step = ahead.popLast() {
            switch step.name.kind {
            case .currentDirectory: continue
            case .parentDirectory:
                place.removeLastComponent()
                continue
            case .regular: break
            }
            let next = place.appending(step.name)
            guard let status = try status(of: next) else { return nil }
            try check(status, of: next, step.rule)
            guard status.kind == .link else {
                place = next
                continue
            }

            links += 1
            guard links <= 40, let target = try? Files.target(ofLink: next) else {
                throw Refusal("\(next.shown) is a link that leads nowhere", hint: "remove it, or mend where it leads")
            }
            if target.isAbsolute { place = FilePath("/") }
            // Where a link ends counts as what the link stood for; what it passes is on the way.
            var steps = target.components.map { (name: $0, rule: Rule.way) }
            if !steps.isEmpty { steps[steps.count - 1].rule = step.rule }
            ahead += steps.reversed()
        }
        return place
    }

    private func status(of path: FilePath) throws(Refusal) -> FileStatus? {
        do {
            return try FileStatus(ofLink: path)
        } catch .noSuchFileOrDirectory, .notDirectory {
            return nil
        } catch {
            throw Refusal("cannot look at \(path.shown): \(error)", hint: "see `ls -ld \(path.quoted)`")
        }
    }

    private func check(_ status: FileStatus, of path: FilePath, _ rule: Rule) throws(Refusal) {
        // What a link says can only be changed by replacing it, and its mode means nothing.
        let mayBeRoots = rule == .way || status.kind == .link || allowsRoot
        let isOwner = status.owner == owner || (mayBeRoots && status.owner == 0)
        guard isOwner else {
            throw Refusal(
                "\(path.shown) belongs to another user (uid \(status.owner)), who could make dvm run anything",
                hint: "take it over with `sudo chown \(owner) \(path.quoted)`, or move it away"
            )
        }
        // In a sticky directory such as /tmp, others cannot replace what is not theirs.
        let isSticky = rule == .way && status.kind == .directory && status.mode & 0o1000 != 0
        guard status.kind == .link || status.mode & 0o022 == 0 || isSticky else {
            throw Refusal(
                "\(path.shown) can be changed by other users, who could make dvm run anything",
                hint: "repair it with `chmod go-w \(path.quoted)`"
            )
        }
    }
}

extension FilePath {
    /// The path as messages show it.
    var shown: String { string.printable }

    /// The path as a word of a command a person may copy.
    var quoted: String {
        let plain = string.utf8.allSatisfy {
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%:,".utf8.contains($0)
        }
        let parts = shown.split(separator: "'", omittingEmptySubsequences: false)
        return plain ? string : "'\(parts.joined(separator: "'\\''"))'"
    }
}
