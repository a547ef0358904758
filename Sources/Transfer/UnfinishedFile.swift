internal import DVMProtocol

#if canImport(Darwin)
internal import Darwin
#else
internal import Glibc
#endif

/// A file that is not whole yet, under a name of dvm's, and this copy's alone as long as it is open.
///
/// Two copies may go to one place at a time, and the name is the same every time so that another attempt finds it. So
/// whoever writes to one holds a lock on it (flock(2)), and nobody goes on with one, removes it or gives it its own name
/// without that.
struct UnfinishedFile {
    let file: OpenFile
    /// What it is called until it is whole.
    let name: [UInt8]
    /// Whether another attempt finds it by its name.
    let isFoundAgain: Bool

    /// Makes one: under the name that is found again, and under another where that one belongs to a copy that is under way.
    static func make(for place: Place, mode: UInt16) throws(Errno) -> Self {
        let (directory, usual) = (place.directory, CopyName.part(of: place.name))
        for _ in 0..<2 {
            do throws(Errno) {
                let file = try directory.open(usual, for: .making(mode: mode))
                // Before it was locked, another copy could take it for one that was left behind, and remove it.
                let lock = file.lock()
                if lock == .held, try FileFacts(of: file).links == 1 {
                    return Self(file: file, name: usual, isFoundAgain: true)
                }
                // Without locks nobody could tell it from one that was left behind.
                if lock == .unknown { try? directory.remove(usual) }
                break
            } catch {
                guard error == .fileExists else { throw error }
                guard remove(usual, in: directory) else { break }
            }
        }
        let own = usual + Array(".\(String(UInt64.random(in: 0...UInt64.max), radix: 16))".utf8)
        return Self(file: try directory.open(own, for: .making(mode: mode)), name: own, isFoundAgain: false)
    }

    /// What an earlier attempt left of a file, where that is worth going on with.
    static func left(at place: Place, of node: CopyTree.Node) -> (Self, size: UInt64, digest: CopyDigest)? {
        guard let size = node.size, size >= CopyLimits.worthKeeping else { return nil }
        let name = CopyName.part(of: place.name)
        guard let file = try? place.directory.open(name, for: .continuing), file.lock() == .held,
            let facts = try? FileFacts(of: file), isOurs(facts),
            // It may have been put in place, or removed, before it was locked.
            (try? FileFacts(of: name, in: place.directory))?.identity == facts.identity,
            (CopyLimits.worthKeeping...size).contains(facts.size),
            // To read through a terabyte of holes would take longer than to begin again.
            facts.stored >= facts.size,
            let digest = try? CopyDigest.ofBeginning(of: file, count: facts.size, under: .random())
        else { return nil }
        return (Self(file: file, name: name, isFoundAgain: true), facts.size, digest)
    }

    private static func isOurs(_ facts: FileFacts) -> Bool {
        facts.kind == .file && facts.owner == geteuid() && facts.links == 1 && facts.stamp.mode & 0o600 == 0o600
    }

    /// Removes what has the name of one, if no copy under way writes to it; returns whether the name is free.
    private static func remove(_ name: [UInt8], in directory: OpenFile) -> Bool {
        do throws(Errno) {
            let file = try directory.open(name, for: .reading)
            // The lock is held until the name is gone.
            defer { withExtendedLifetime(file) {} }
            guard file.lock() == .held, let named = try FileFacts(of: name, in: directory),
                try FileFacts(of: file).identity == named.identity
            else { return false }
            try directory.remove(name)
            return true
        } catch {
            switch error {
            case .noSuchFileOrDirectory: return true
            // No copy writes to a link.
            case .tooManySymbolicLinkLevels: return (try? directory.remove(name)) != nil
            default: return false
            }
        }
    }
}
