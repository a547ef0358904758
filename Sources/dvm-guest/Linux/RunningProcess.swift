internal import Glibc

/// A process of this VM, as `/proc` shows it.
struct RunningProcess {
    var pid: Int32
    /// Who owns it.
    var uid: UInt32
    var arguments: [String]
    /// Which process namespace it is in, such as `pid:[4026531836]`; absent where that cannot be seen.
    var namespace: String?
    /// The file it runs, which it cannot choose a name for; absent where that cannot be seen, and for one that has ended.
    var program: String?

    /// Every process there is; those that end meanwhile are passed over.
    static func all() -> [Self] {
        Listing.names(in: "/proc").compactMap { Int32($0).flatMap(Self.init(pid:)) }
    }

    /// The process namespace of this very process.
    static var ownNamespace: String? { link("/proc/self/ns/pid") }

    /// The file that this very process runs.
    static var ownProgram: String? { link("/proc/self/exe") }

    /// What a link of `/proc` says; nothing when it is gone, closed to us, or longer than a path can be.
    static func link(_ path: String) -> String? {
        // PATH_MAX.
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &buffer, buffer.count)
        guard (1..<buffer.count).contains(count) else { return nil }
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
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
        program = Self.link("/proc/\(pid)/exe")
    }
}
