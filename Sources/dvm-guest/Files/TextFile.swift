internal import DVMProtocol

/// Small files of the system, read and written whole.
enum TextFile {
    /// The text of a file of at most 1 MiB.
    ///
    /// - Throws: a `Refusal` that names the file.
    static func read(_ path: FilePath) throws(Refusal) -> String {
        String(decoding: try readBytes(path), as: UTF8.self)
    }

    /// The text of a file that need not be there: what is there and cannot be read is not taken for empty, and so is not
    /// replaced.
    ///
    /// - Throws: a `Refusal` that names the file.
    static func readIfPresent(_ path: FilePath) throws(Refusal) -> String {
        try Status.exists(path) ? try read(path) : ""
    }

    /// The bytes of a file of at most 1 MiB.
    ///
    /// - Throws: a `Refusal` that names the file.
    static func readBytes(_ path: FilePath) throws(Refusal) -> [UInt8] {
        do {
            let file = OwnedDescriptor(  // Not waiting: somebody may have put a pipe there that nobody ever writes to.
                try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            )
            var text: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            while text.count <= 1 << 20 {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.raw.read(into: $0) }
                guard count > 0 else { return text }
                text += buffer[..<count]
            }
        } catch {
            throw Refusal("\(path) cannot be read: \(error)")
        }
        throw Refusal("\(path) is larger than 1 MiB")
    }

    /// Replaces a file of root's by a new one, so that a reader sees the old text or the new, never half.
    ///
    /// The directory must be one that only root can write.
    ///
    /// - Parameters:
    ///   - text: what it is to hold.
    ///   - path: where it is.
    ///   - mode: its mode.
    ///   - lasting: whether it and its name are to be there after a loss of power, too.
    /// - Returns: whether the file had another text or mode before.
    /// - Throws: a `Refusal` that names the file.
    @discardableResult
    static func write(_ text: String, to path: FilePath, mode: FilePermissions, lasting: Bool = false)
        throws(Refusal) -> Bool
    {
        if let present = try? read(path), present == text, Status.of(path)?.permissions == mode { return false }
        let new = FilePath("\(path).dvm-new")
        do {
            let file = OwnedDescriptor(
                try FileDescriptor.open(
                    new,
                    .writeOnly,
                    options: [.create, .truncate, .noFollow, .closeOnExec],
                    permissions: mode
                )
            )
            try file.raw.writeAll(text.utf8)
            try Status.change(mode, of: file.raw, called: new)
            if lasting { try Status.flush(file.raw, called: new) }
            try Status.rename(new, to: path)
            guard lasting else { return true }
            // Its name, too.
            let directory = OwnedDescriptor(
                try FileDescriptor.open(path.removingLastComponent(), .readOnly, options: [.closeOnExec])
            )
            try Status.flush(directory.raw, called: path)
        } catch let error as Refusal {
            throw error
        } catch {
            throw Refusal("\(path) cannot be written: \(error)")
        }
        return true
    }
}
