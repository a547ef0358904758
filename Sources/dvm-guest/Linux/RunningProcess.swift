internal import Glibc

/// A process of this VM, as `/proc` shows it.
struct RunningProcess {
    var pid: Int32
    /// Who owns it.
    var uid: UInt32
    var arguments: [String]
    /// Which process namespace it is in, such as `pid:[4026531836]`; absent where that cannot be seen.
    var namespace: String?

    /// Every process there is; those that end meanwhile are passed over.
    static func all() -> [Self] {
        Listing.names(in: "/proc").compactMap { Int32($0).flatMap(Self.init(pid:)) }
    }

    /// The process namespace of this very process.
    static var ownNamespace: String? { link("/proc/self/ns/pid") }

    /// What a link of `/proc` says; nothing when it is gone, closed to us, or longer than those that name a thing.
    static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = unsafe readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}

extension RunningProcess {
    /// What `/proc` says of a process; nothing when it has ended.
    fileprivate init?(pid: Int32) {
        guard let status = Status.of(FilePath("/proc/\(pid)")),
            let text = try? TextFile.read(FilePath("/proc/\(pid)/cmdline"))
        else {
            return nil
        }
        self.pid = pid
        uid = status.uid
        arguments = text.split(separator: "\0").map(String.init)
        namespace = Self.link("/proc/\(pid)/ns/pid")
    }
}
