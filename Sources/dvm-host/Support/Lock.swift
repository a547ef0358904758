internal import DVMProtocol

/// The right to change one VM, held by one dvm at a time.
///
/// The kernel takes it back when the process ends, however it ends, so there are no stale locks.
final class Lock: Sendable {
    private let descriptor: FileDescriptor
    private let path: FilePath

    private init(_ descriptor: FileDescriptor, _ path: FilePath) {
        self.descriptor = descriptor
        self.path = path
    }

    // Closing lets go, and the file stays.
    deinit { try? descriptor.close() }

    /// Removes the file, for a VM that there is not.
    ///
    /// While the lock is held: whoever waits for it finds out, and takes another file's.
    func remove() { try? Files.remove(path) }

    /// Whether the file is still there for others, who else would lock another one of its name.
    private var isThere: Bool { ((try? FileStatus(of: descriptor))?.links ?? 0) > 0 }

    /// Waits for the right to change a VM; says once who has it.
    ///
    /// - Throws: a `Refusal` when the lock file cannot be had, `CancellationError` when waiting is given up.
    static func take(
        _ vm: MachineName,
        in directory: FilePath,
        for command: String,
        note: (String) -> Void
    ) async throws -> Lock {
        try Files.makeDirectory(directory, mode: 0o700)
        let path = directory.appending("\(vm.text).lock")
        var hasTold = false
        while true {
            let lock = try open(path)
            while flock(lock.descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
                let failure = Errno(rawValue: errno)
                guard failure == .wouldBlock || failure == .interrupted else {
                    throw Refusal("cannot lock \(path.string.printable): \(failure)")
                }
                if !hasTold {
                    note(
                        "waiting for \(lock.holder ?? "another dvm"), which is working on \(vm.text); Ctrl-C to give up"
                    )
                    hasTold = true
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            guard lock.isThere else { continue }

            // For whoever waits next; the lock itself is the kernel's.
            try? lock.descriptor.resize(to: 0)
            let line = "\(getpid()) dvm \(command) \(vm.text)\n"
            _ = try? lock.descriptor.writeAll(toAbsoluteOffset: 0, Array(line.utf8))
            return lock
        }
    }

    private static func open(_ path: FilePath) throws(Refusal) -> Lock {
        do {
            let descriptor = try FileDescriptor.open(
                path,
                .readWrite,
                // Close-on-exec: Lima's host agent would inherit the lock and keep it as long as the VM runs.
                options: [.create, .closeOnExec, .noFollow],
                permissions: [.ownerReadWrite]
            )
            return Lock(descriptor, path)
        } catch {
            throw Refusal("cannot open the lock \(path.string.printable): \(error)")
        }
    }

    /// Who wrote its name into the file: “dvm sync app (process 4711)”.
    private var holder: String? {
        guard let bytes = try? Files.read(descriptor, limit: 200) else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 1)
        guard words.count == 2, let process = Int32(words[0]), let line = words[1].split(separator: "\n").first else {
            return nil
        }
        return "\(String(line).printable) (process \(process))"
    }
}
