/// What a copy is about: the entries of the listing, numbered as they came.
///
/// Both ends keep one. It is flat because there may be a million entries, and bounded because the lister is a stranger.
public struct CopyTree: Sendable {
    /// An entry.
    public struct Node: Hashable, Sendable {
        /// What it is.
        public enum Kind: Hashable, Sendable { case directory, file, link }

        /// What it is.
        public var kind: Kind
        /// The number of the directory it is in; -1 at the top.
        public var parent: Int32
        /// What is kept of it; nothing of a link.
        public var stamp: CopyStamp
        /// Bytes of a file; `nil` when nobody knows yet.
        public var size: UInt64?
        /// Bytes of a file that are no holes, as far as the lister says the truth.
        public var stored: UInt64
        fileprivate var text: UInt32
        fileprivate var nameLength: UInt8
        fileprivate var targetLength: UInt16
    }

    /// The entries, each after the directory it is in.
    public private(set) var nodes: [Node] = []
    /// The bytes of the files that are no holes, as far as the lister says the truth.
    public private(set) var stored: UInt64 = 0
    /// The directory the next entry is in; -1 at the top.
    public private(set) var current: Int32 = -1
    private var texts: [UInt8] = []
    private var depth = 0
    private var pathLength = 0

    /// Nothing yet.
    public init() {}

    /// Takes in a record of the listing.
    ///
    /// - Returns: the number of the new entry; nothing for the end of a directory.
    /// - Throws: `ProtocolViolation` when it has no place here, or there is too much of it.
    public mutating func add(_ record: CopyRecord) throws(ProtocolViolation) -> Int? {
        switch record {
        case .directory(let name, let stamp):
            guard depth < CopyLimits.depth else {
                throw ProtocolViolation("more than \(CopyLimits.depth) directories in each other")
            }
            guard !name.isEmpty || current == -1 else { throw ProtocolViolation("a directory without a name") }
            let number = try add(.directory, name, stamp)
            current = Int32(number)
            depth += 1
            pathLength += name.count + 1
            return number
        case .up:
            guard current >= 0 else { throw ProtocolViolation("the end of a directory that never began") }
            pathLength -= Int(nodes[Int(current)].nameLength) + 1
            current = nodes[Int(current)].parent
            depth -= 1
            return nil
        case .file(let name, let stamp, let size, let stored):
            let (sum, overflow) = self.stored.addingReportingOverflow(stored)
            guard !overflow else { throw ProtocolViolation("files of more bytes than can be counted") }
            self.stored = sum
            return try add(.file, name, stamp, size: size, stored: stored)
        case .link(let name, let target):
            guard LinkTarget.staysInside(target, depth: depth) else {
                throw ProtocolViolation("a link that leads out of what is copied")
            }
            return try add(.link, name, CopyStamp(mode: 0, seconds: 0, nanoseconds: 0), target: target)
        case .listed(let entries):
            guard current == -1, Int(entries) == nodes.count else {
                throw ProtocolViolation("a list of \(entries) entries that has \(nodes.count)")
            }
            return nil
        default: throw ProtocolViolation("something else in the middle of a list of files")
        }
    }

    private mutating func add(
        _ kind: Node.Kind,
        _ name: [UInt8],
        _ stamp: CopyStamp,
        size: UInt64? = 0,
        stored: UInt64 = 0,
        target: [UInt8] = []
    ) throws(ProtocolViolation) -> Int {
        guard nodes.count < CopyLimits.entries, texts.count + name.count + target.count <= CopyLimits.allNames else {
            throw ProtocolViolation("more than \(CopyLimits.entries) entries in one copy, or names too long for that")
        }
        guard pathLength + name.count <= RawPath.longest else {
            throw ProtocolViolation("a path of more than \(RawPath.longest) bytes")
        }
        nodes.append(
            Node(
                kind: kind,
                parent: current,
                stamp: stamp,
                size: size,
                stored: stored,
                text: UInt32(texts.count),
                nameLength: UInt8(name.count),
                targetLength: UInt16(target.count)
            )
        )
        texts += name
        texts += target
        return nodes.count - 1
    }

    /// The name of an entry.
    public func name(_ number: Int) -> [UInt8] {
        let node = nodes[number]
        return Array(texts[Int(node.text)..<(Int(node.text) + Int(node.nameLength))])
    }

    /// What a link says.
    public func target(_ number: Int) -> [UInt8] {
        let start = Int(nodes[number].text) + Int(nodes[number].nameLength)
        return Array(texts[start..<(start + Int(nodes[number].targetLength))])
    }

    /// The directories an entry is in, outermost first.
    public func directories(of number: Int) -> [Int] {
        var found: [Int] = []
        var next = nodes[number].parent
        while next >= 0 {
            found.append(Int(next))
            next = nodes[Int(next)].parent
        }
        return found.reversed()
    }

    /// The path of an entry, from the top of what is copied.
    public func path(_ number: Int) -> RawPath {
        let names = (directories(of: number) + [number]).map(name).filter { !$0.isEmpty }
        return names.isEmpty ? RawPath(".") : RawPath(names.joined(separator: [UInt8(ascii: "/")]))
    }

    /// How many copied directories the next entry would be in.
    public var level: Int { depth }

    /// Whether an entry of this name would still fit here.
    public func fits(_ name: [UInt8], directory: Bool) -> Bool {
        pathLength + name.count <= RawPath.longest && (!directory || depth < CopyLimits.depth)
    }
}
