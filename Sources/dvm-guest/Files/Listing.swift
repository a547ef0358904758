internal import DVMProtocol
internal import Glibc

/// What is in a directory that only root can change, or that the kernel makes.
enum Listing {
    /// The names of the entries, sorted.
    ///
    /// - Throws: the kernel's answer when it cannot be opened.
    static func read(_ directory: FilePath) throws(Errno) -> [String] {
        guard let stream = unsafe directory.withPlatformString({ unsafe opendir($0) }) else {
            throw Errno(rawValue: errno)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The names of the entries, sorted; none when it cannot be read.
    static func names(in directory: FilePath) -> [String] { (try? read(directory)) ?? [] }
}
