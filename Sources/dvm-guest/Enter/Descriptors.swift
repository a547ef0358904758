internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Which descriptors a program gets to see, and files that live in descriptors only.
enum Descriptors {
    /// Hides every descriptor from a number on from the program this process becomes.
    ///
    /// Marked and not closed: what the runtime holds goes on working until then.
    static func closeOnExec(from first: UInt32) throws(Refusal) {
        try call("hiding descriptors from the program") { dvm_close_on_exec_from(first) }
    }

    /// A file in memory with these bytes, which nobody can change any more, at its beginning, inherited over exec.
    static func sealedFile(_ name: String, _ bytes: [UInt8]) throws(Refusal) -> FileDescriptor {
        let file = try memoryFile(name)
        do {
            try file.writeAll(bytes)
        } catch {
            throw Refusal("writing \(name): \(error)")
        }
        try seal(file, name)
        return file
    }

    /// An empty file in memory, inherited over exec.
    static func memoryFile(_ name: String) throws(Refusal) -> FileDescriptor {
        FileDescriptor(rawValue: try call("making \(name)") { unsafe name.withCString { unsafe dvm_memory_file($0) } })
    }

    /// Makes a file in memory unchangeable and goes to its beginning.
    static func seal(_ file: FileDescriptor, _ name: String) throws(Refusal) {
        // Sealed, because an agent that guessed its way to the descriptor must not rewrite what is about to be obeyed.
        try call("sealing \(name)") { dvm_seal(file.rawValue) }
        try call("rewinding \(name)") { lseek(file.rawValue, 0, SEEK_SET) }
    }
}
