internal import DVMProtocol

/// A file in which a VM's programs leave their whole output, readable by its owner alone.
final class Log: Sendable {
    let path: FilePath
    /// What programs write to; every write goes to the end.
    let descriptor: FileDescriptor

    private init(path: FilePath, descriptor: FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { try? descriptor.close() }

    /// The size from which on a log starts anew.
    static let large = 4 << 20

    /// The size beyond which nothing is added: a guest must not fill the computer's disk.
    static let largest = 32 << 20

    /// Opens `<directory>/<name>.log`; a fresh one is empty, whatever was in it.
    ///
    /// - Throws: a `Refusal` that names the file.
    static func open(_ name: String, in directory: FilePath, fresh: Bool = false) throws(Refusal) -> Log {
        try Files.makeDirectory(directory, mode: 0o700)
        let path = directory.appending("\(name).log")
        do {
            let descriptor = try FileDescriptor.open(
                path,
                .readWrite,
                options: [.create, .append, .noFollow, .closeOnExec],
                permissions: [.ownerReadWrite]
            )
            let log = Log(path: path, descriptor: descriptor)
            if fresh || log.size > large { try descriptor.resize(to: 0) }
            return log
        } catch {
            throw Refusal("cannot write the log \(path.string.printable): \(error)")
        }
    }

    var size: Int { (try? FileStatus(of: descriptor).size) ?? 0 }

    /// Adds a line of our own.
    func note(_ line: String) { append(Array("\(line)\n".utf8)) }

    /// Adds bytes as they came.
    func append(_ bytes: some Sequence<UInt8>) {
        guard size < Self.largest else { return }
        _ = try? descriptor.writeAll(bytes)
    }

    /// The last lines since a position, as they came.
    func lastLines(_ count: Int, since start: Int = 0) -> [String] {
        let from = max(start, size - 64 * 1024)
        let bytes = (try? Files.read(descriptor, from: from, limit: 64 * 1024)) ?? []
        return bytes.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.suffix(count)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
