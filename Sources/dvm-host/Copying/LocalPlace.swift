internal import DVMProtocol
internal import DVMTransfer

/// Paths of this computer as a person types them, turned into places.
///
/// Links on the way are the person's own and are followed; what is at the end is looked at as it is.
enum LocalPlace {
    /// The place of a source.
    ///
    /// - Throws: a `Refusal` that names the path.
    static func source(_ path: RawPath) throws(Refusal) -> CopySource {
        do throws(Errno) {
            if path.meansContents {
                return .place(Place(try OpenFile.directory(at: path.bytes), []), as: [], shown: path.shown)
            }
            let (above, name) = split(path)
            return .place(Place(try OpenFile.directory(at: above), name), as: name, shown: path.shown)
        } catch {
            throw Refusal(
                error == .noSuchFileOrDirectory ? "there is no \(path.shown)" : "cannot look at \(path.shown): \(error)"
            )
        }
    }

    /// The place of a destination.
    ///
    /// Missing directories above it are made, unless nothing is to be changed.
    ///
    /// - Returns: the place; nothing when the directory above it is missing.
    /// - Throws: a `Refusal` that names the path.
    static func destination(_ path: RawPath, making: Bool) throws(Refusal) -> Place? {
        do throws(Errno) {
            if path.meansContents { return Place(try OpenFile.directory(at: path.bytes), []) }
            let (above, name) = split(path)
            do throws(Errno) {
                return Place(try OpenFile.directory(at: above), name)
            } catch {
                guard error == .noSuchFileOrDirectory else { throw error }
                guard making else { return nil }
                try makeDirectory(above)
                return Place(try OpenFile.directory(at: above), name)
            }
        } catch {
            throw Refusal("cannot write to \(path.shown): \(error)")
        }
    }

    private static func makeDirectory(_ path: [UInt8]) throws(Errno) {
        do throws(Errno) {
            try OpenFile.makeDirectory(at: path)
        } catch {
            guard error == .noSuchFileOrDirectory else { throw error }
            try makeDirectory(split(RawPath(path)).above)
            try OpenFile.makeDirectory(at: path)
        }
    }

    /// The directory a path is in, and the name in it; slashes at the end count for nothing.
    static func split(_ path: RawPath) -> (above: [UInt8], name: [UInt8]) {
        let slash = UInt8(ascii: "/")
        let trimmed = path.bytes[..<(path.bytes.lastIndex { $0 != slash }.map { $0 + 1 } ?? 0)]
        guard let last = trimmed.lastIndex(of: slash) else { return ([UInt8(ascii: ".")], Array(trimmed)) }
        let above = trimmed[..<last]
        return (above.allSatisfy { $0 == slash } ? [slash] : Array(above), Array(trimmed[(last + 1)...]))
    }
}
