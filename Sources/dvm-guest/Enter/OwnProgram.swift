internal import CLinux
internal import DVMProtocol
internal import Glibc

/// The very program this process runs, to be the first one inside the sandbox.
///
/// By descriptor and never by path: while a session of one build goes on, an update may have put another in its place.
struct OwnProgram: ~Copyable {
    private let file: OwnedDescriptor
    /// A mount of the file; absent when it was replaced, since what has no name any more cannot be mounted.
    private let mount: DetachedMount?

    /// Takes hold of the running program.
    static func find() throws(Refusal) -> Self {
        let raw = try call("opening the running program") { unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC) }
        let file = OwnedDescriptor(FileDescriptor(rawValue: raw))
        var status = stat()
        try call("looking at the running program") { unsafe fstat(raw, &status) }
        guard status.st_nlink > 0 else { return Self(file: file, mount: nil) }
        let mount = try DetachedMount.of(file.raw, called: "the guest program", readOnly: true)
        return Self(file: file, mount: mount)
    }

    /// Puts the program at a path, which must be a file of root's that is not there yet.
    borrowing func place(at path: String) throws(Refusal) {
        do {
            let place = OwnedDescriptor(
                try FileDescriptor.open(
                    FilePath(path),
                    .writeOnly,
                    options: [.create, .exclusiveCreate, .closeOnExec],
                    permissions: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
                )
            )
            if mount == nil { try copy(to: place.raw) }
        } catch {
            throw Refusal("placing the guest program at \(path): \(error)")
        }
        try mount?.attach(at: path)
    }

    private borrowing func copy(to place: FileDescriptor) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.raw.read(into: $0) }
            guard count > 0 else { return }
            try place.writeAll(buffer[..<count])
        }
    }
}
