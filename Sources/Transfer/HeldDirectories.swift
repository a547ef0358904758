internal import DVMProtocol

/// Where an entry is: an open directory and a name in it; no name means the directory itself.
package struct Place {
    package var directory: OpenFile
    package var name: [UInt8]

    package init(_ directory: OpenFile, _ name: [UInt8]) {
        self.directory = directory
        self.name = name
    }

    /// The directory that is here.
    package func open() throws(Errno) -> OpenFile {
        try directory.open(name.isEmpty ? [UInt8(ascii: ".")] : name, for: .directory)
    }

    /// What is here; nothing when nothing is.
    package func facts() throws(Errno) -> FileFacts? {
        name.isEmpty ? try FileFacts(of: directory) : try FileFacts(of: name, in: directory)
    }
}

/// The directories of a copy that are open just now: those from the top to where it works.
///
/// Entries come in order, so that each directory is opened about once. A Mac gives a process 256 descriptors: of a deeper
/// path only the lower part is held, and the way down is gone again when that is left.
struct HeldDirectories {
    private var held: [(entry: Int, file: OpenFile)] = []
    private static let most = 64

    /// The directory of an entry; `top` says where an entry at the top is.
    mutating func directory(_ entry: Int, of tree: CopyTree, top: (Int) throws(Errno) -> Place) throws(Errno)
        -> OpenFile
    {
        if let last = held.last, last.entry == entry { return last.file }
        let chain = tree.directories(of: entry) + [entry]
        while let last = held.last, !chain.contains(last.entry) { held.removeLast() }
        let next = held.last.flatMap { last in chain.firstIndex(of: last.entry).map { $0 + 1 } } ?? 0
        var file: OpenFile
        if let last = held.last { file = last.file } else { file = try top(chain[0]).open() }
        if next == 0 { hold(chain[0], file) }
        for step in chain[max(1, next)...] {
            file = try file.open(tree.name(step), for: .directory)
            hold(step, file)
        }
        return file
    }

    /// Takes note of a directory that was just opened below the one held last.
    mutating func hold(_ entry: Int, _ file: OpenFile) {
        held.append((entry, file))
        if held.count > Self.most { held.removeFirst() }
    }

    /// The place of an entry.
    mutating func place(_ entry: Int, of tree: CopyTree, top: (Int) throws(Errno) -> Place) throws(Errno) -> Place {
        let parent = tree.nodes[entry].parent
        guard parent >= 0 else { return try top(entry) }
        return Place(try directory(Int(parent), of: tree, top: top), tree.name(entry))
    }
}
