internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A directory held by descriptor, found by a path without a single symbolic link.
///
/// What is meant was decided once; whatever is renamed or linked afterwards, the descriptor goes on meaning it.
struct PinnedDirectory: ~Copyable {
    let path: String
    let descriptor: OwnedDescriptor
    let status: Status

    /// Pins the directory at an absolute path.
    ///
    /// - Throws: a `Refusal` that names the part of the path that stands in the way.
    init(_ path: String, called name: String) throws(Refusal) {
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix("/"), path == "/" || !parts.contains(where: { ["", ".", ".."].contains($0) }),
            path.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            throw Refusal("\(name) “\(path.printable)” is not a plain absolute path")
        }
        let raw = unsafe path.withCString { unsafe dvm_pin_directory($0) }
        guard raw >= 0 else { throw Self.refusal(Errno(rawValue: errno), path, name) }
        let descriptor = OwnedDescriptor(FileDescriptor(rawValue: raw))
        status = try Status.of(descriptor.raw, called: path)
        self.path = path
        self.descriptor = descriptor
    }

    private static func refusal(_ error: Errno, _ path: String, _ name: String) -> Refusal {
        switch error {
        case .tooManySymbolicLinkLevels:
            let link = firstLink(in: path) ?? path
            return Refusal(
                "\(name) \(path) is reached through a symbolic link at \(link), which could be pointed elsewhere",
                hint: "use the path without links, or put a directory in the place of \(link)"
            )
        case .noSuchFileOrDirectory:
            return Refusal(
                "\(name) \(path) does not exist",
                hint: "run `dvm sync` for this VM on the host, which makes it"
            )
        case .notDirectory:
            return Refusal("\(name) \(path) is not a directory")
        case .noFunction:
            return Refusal("this kernel cannot open a path safely", hint: "dvm needs Linux 5.12 or newer in the VM")
        default:
            return Refusal("\(name) \(path) cannot be opened: \(error)")
        }
    }

    /// The first part of a path that is a link: what a person has to look at.
    private static func firstLink(in path: String) -> String? {
        let parts = path.split(separator: "/")
        return parts.indices.lazy
            .map { "/" + parts[...$0].joined(separator: "/") }
            .first { Status.of(FilePath($0))?.isSymbolicLink == true }
    }
}
