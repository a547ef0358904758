internal import CLinux
internal import DVMProtocol
internal import DVMTransfer
internal import Glibc

/// The way to a place that a person named, part by part.
///
/// The person's own links are followed as the kernel would. In a directory that others write to no link is: an agent that
/// leaves one there would otherwise choose where a copy of the developer's goes to, or comes from.
struct GuardedWalk {
    /// The directory that others write to.
    let guarded: RawPath
    /// Whether missing directories on the way are made.
    let makes: Bool

    /// The place of an absolute path without dots.
    ///
    /// The last part may be anything, or nothing.
    ///
    /// - Returns: the place; nothing when a directory on the way is missing.
    /// - Throws: a `Refusal` that names what is in the way.
    func place(_ path: RawPath) throws(Refusal) -> Place? {
        do {
            return try find(path)
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal("\(path.shown) in the VM cannot be reached: \(error)")
        }
    }

    private func find(_ path: RawPath) throws -> Place? {
        let barrier = try? FileFacts(of: Self.open(guarded.bytes + [0], dvm_o_path | O_DIRECTORY)).identity
        let root = try Self.open([UInt8(ascii: "/"), 0], dvm_o_path | O_DIRECTORY)
        guard let name = path.parts.last else { return Place(root, []) }
        var current = root
        var isGuarded = false
        var waiting = Array(path.parts.dropLast().reversed())
        var links = 0
        while let part = waiting.popLast() {
            let isUp = part.elementsEqual("..".utf8)
            guard !isUp || !isGuarded else { throw Self.refusal(path) }
            guard
                let next = try isUp
                    ? Self.open(part + [0], dvm_o_path | O_DIRECTORY, in: current) : enter(part, of: current)
            else { return nil }
            let facts = try FileFacts(of: next)
            switch facts.kind {
            case .directory:
                current = next
                // Out of it again only where a person's own link leads.
                isGuarded = isGuarded || facts.identity == barrier
            case .link:
                links += 1
                guard !isGuarded, links <= Self.mostLinks else { throw Self.refusal(path) }
                let target = RawPath(try current.target(ofLink: part))
                if target.bytes.first == UInt8(ascii: "/") { current = root }
                waiting += target.parts.reversed()
            case .file, .other: throw Errno.notDirectory
            }
        }
        return Place(current, name)
    }

    /// As many as the kernel follows.
    private static let mostLinks = 40

    private static func refusal(_ path: RawPath) -> Refusal {
        Refusal(
            "a link is on the way to \(path.shown) in the VM, where an AI tool may have put it",
            hint: "name the path without links"
        )
    }

    private func enter(_ name: [UInt8], of directory: OpenFile) throws -> OpenFile? {
        do {
            return try Self.open(name + [0], dvm_o_path | O_NOFOLLOW, in: directory)
        } catch {
            guard error == .noSuchFileOrDirectory else { throw error }
            guard makes else { return nil }
            let path = (name + [0]).map(CChar.init(bitPattern:))
            // Somebody else may just have made it.
            guard unsafe mkdirat(directory.number, path, 0o777) == 0 || errno == EEXIST else {
                throw Errno(rawValue: errno)
            }
            return try Self.open(name + [0], dvm_o_path | O_NOFOLLOW, in: directory)
        }
    }

    private static func open(_ path: [UInt8], _ flags: Int32, in directory: OpenFile? = nil) throws(Errno) -> OpenFile {
        let path = path.map(CChar.init(bitPattern:))
        let file = unsafe openat(directory?.number ?? AT_FDCWD, path, flags | O_CLOEXEC)
        guard file >= 0 else { throw Errno(rawValue: errno) }
        return OpenFile(owning: file)
    }
}
