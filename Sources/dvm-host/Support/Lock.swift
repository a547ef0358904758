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

    /// Waits for the right to change a VM; says once who has it.
    ///
    /// - Throws: a `Refusal` when the lock file cannot be had, `CancellationError` when waiting is given up.
    static func take(
        _ vm: MachineName,
        in directory: FilePath,
        for command: String,
        note: (String) -> Void
    ) async throws -> Lock {
        var hasTold = false
        while true {
            switch try attempt(vm, in: directory, for: command) {
            case .taken(let lock): return lock
            case .removed: break
            case .held(let holder):
                if !hasTold {
                    note("waiting for \(holder ?? "another dvm"), which is working on \(vm.text); Ctrl-C to give up")
                    hasTold = true
                }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Takes the right to change a VM if it can be had at once.
    ///
    /// - Throws: a `Refusal` that says who has it.
    static func takeNow(_ vm: MachineName, in directory: FilePath, for command: String) throws -> Lock {
        let attempt = try attempt(vm, in: directory, for: command)
        if case .taken(let lock) = attempt { return lock }
        var holder: String?
        if case .held(let known) = attempt { holder = known }
        throw Refusal(
            "\(holder ?? "another dvm") is working on \(vm.text)",
            hint: "wait until it has ended, or end it, and run `dvm \(command)` again"
        )
    }

    /// What becomes of asking for it once.
    private enum Attempt {
        case taken(Lock)
        case held(by: String?)
        /// The file is no longer the one of its name: whoever held it has removed it.
        case removed
    }

    private static func attempt(_ vm: MachineName, in directory: FilePath, for command: String) throws -> Attempt {
        try Files.makeDirectory(directory, mode: 0o700)
        let path = directory.appending("\(vm.text).lock")
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(
                path,
                .readWrite,
                // Close-on-exec: Lima's host agent would inherit the lock and keep it as long as the VM runs.
                options: [.create, .closeOnExec, .noFollow],
                permissions: [.ownerReadWrite]
            )
        } catch {
            throw Refusal("cannot open the lock \(path.string.printable): \(error)")
        }
        let lock = Lock(descriptor, path)

        guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            let failure = Errno(rawValue: errno)
            guard failure == .wouldBlock || failure == .interrupted else {
                throw Refusal("cannot lock \(path.string.printable): \(failure)")
            }
            return .held(by: lock.holder)
        }
        // Two would else hold the locks of two files that had one name after another.
        guard try FileStatus(of: descriptor).links > 0 else { return .removed }

        // For whoever waits next; the lock itself is the kernel's.
        try? descriptor.resize(to: 0)
        _ = try? descriptor.writeAll(toAbsoluteOffset: 0, Array("\(getpid()) dvm \(command) \(vm.text)\n".utf8))
        return .taken(lock)
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
