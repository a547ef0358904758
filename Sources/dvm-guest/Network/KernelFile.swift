internal import DVMProtocol
internal import Glibc

/// A file the kernel writes anew for whoever reads it, kept open.
///
/// Those of `/proc/net` go on telling of the network namespace they were opened in.
final class KernelFile {
    private let file: OwnedDescriptor

    init(_ path: String) throws(Refusal) {
        file = OwnedDescriptor(
            FileDescriptor(rawValue: try call("opening \(path)") { unsafe open(path, O_RDONLY | O_CLOEXEC) })
        )
    }

    /// The file at a path; nothing where this kernel has none.
    ///
    /// - Throws: a `Refusal` when it is there and cannot be opened.
    static func ifPresent(_ path: String) throws(Refusal) -> KernelFile? {
        try Status.exists(FilePath(path)) ? KernelFile(path) : nil
    }

    /// What it says now, whole.
    ///
    /// - Throws: a `Refusal` when it cannot be read to its end, or not within a mebibyte: what is missing of a table would
    ///   pass for what is not in it.
    func read() throws(Refusal) -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 32 * 1024)
        while text.count < 1 << 20 {
            let offset = off_t(text.count)
            let raw = file.raw.rawValue
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe pread(raw, $0.baseAddress, $0.count, offset) }
            guard count >= 0 else { throw Refusal("a table of the kernel cannot be read: \(Errno(rawValue: errno))") }
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<count]
        }
        throw Refusal("a table of the kernel has more than 1 MiB")
    }
}
