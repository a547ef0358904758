/// What matters of a git index (gitformat-index(5), versions 2 to 4), read as data.
///
/// An entry whose name is no path, which git would not make, is passed over: it must not hide the others.
struct GitIndex: Equatable {
    /// Directories that are other repositories to git: it goes into them by itself, configuration and all.
    var links: Set<TreePath> = []
    /// Files whose changes git does not show: “assume unchanged” and “skip worktree”.
    var unseen: Set<TreePath> = []
    /// How many more of these there are than are kept.
    var unseenBeyond = 0
    var linksBeyond = 0

    /// Reads an index; `nil` when it is damaged or of another version.
    ///
    /// - Parameters:
    ///   - bytes: the file.
    ///   - hash: the bytes of a hash: 20, or 32 in a repository of SHA-256.
    ///   - isNoted: which of the unseen files count; a sparse checkout has any number that are not there.
    init?(_ bytes: [UInt8], hash: Int = 20, noting isNoted: (TreePath) -> Bool = { _ in true }) {
        guard bytes.count >= 12, bytes.starts(with: "DIRC".utf8) else { return nil }
        let version = Self.number(bytes, 4, 4)
        guard (2...4).contains(version) else { return nil }
        var position = 12
        var name: [UInt8] = []
        for _ in 0..<Self.number(bytes, 8, 4) {
            let start = position
            // Ten numbers of four bytes, the seventh being the mode; the hash; the flags.
            position += 40 + hash
            guard position + 2 <= bytes.count else { return nil }
            let mode = Self.number(bytes, start + 24, 4)
            let flags = Self.number(bytes, position, 2)
            position += 2
            var more = 0
            if flags & 0x4000 != 0 {
                guard version >= 3, position + 2 <= bytes.count else { return nil }
                more = Self.number(bytes, position, 2)
                position += 2
            }
            if version == 4 {
                // Names share beginnings: how much of the last one to drop, then what follows.
                guard let drop = Self.variable(bytes, &position), drop <= name.count else { return nil }
                name.removeLast(drop)
            } else {
                name = []
            }
            guard let end = bytes[position...].firstIndex(of: 0) else { return nil }
            name += bytes[position..<end]
            position = version == 4 ? end + 1 : start + (end - start) / 8 * 8 + 8
            guard position <= bytes.count else { return nil }
            let isLink = mode & 0o170000 == 0o160000
            let isUnseen = flags & 0x8000 != 0 || more & 0x4000 != 0
            guard isLink || isUnseen, let path = TreePath(checking: name) else { continue }
            // More than can be told apart, and each may be long: the memory is not the session's.
            if isLink { if links.count < Self.mostPaths { links.insert(path) } else { linksBeyond += 1 } }
            guard isUnseen, isNoted(path) else { continue }
            if unseen.count < Self.mostPaths { unseen.insert(path) } else { unseenBeyond += 1 }
        }
    }

    /// The most paths of a kind that are kept.
    private static let mostPaths = 4096

    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int {
        bytes[start..<start + count].reduce(0) { $0 << 8 | Int($1) }
    }

    /// The encoding of offsets in packs: seven bits a byte, one added at each step.
    private static func variable(_ bytes: [UInt8], _ position: inout Int) -> Int? {
        var value = 0
        for step in 0..<5 {
            guard position < bytes.count else { return nil }
            let byte = bytes[position]
            position += 1
            value = (step == 0 ? 0 : value + 1) << 7 | Int(byte & 0x7F)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
