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

    /// What it says now; at most a mebibyte of it.
    func read() -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 32 * 1024)
        while text.count < 1 << 20 {
            let offset = off_t(text.count)
            let raw = file.raw.rawValue
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe pread(raw, $0.baseAddress, $0.count, offset) }
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
