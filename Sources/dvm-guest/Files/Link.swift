internal import DVMProtocol
internal import Glibc

/// Symbolic links in directories that only root can write.
enum Link {
    /// What a link says; nothing when there is none.
    static func target(of path: FilePath) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe path.withPlatformString { unsafe readlink($0, &buffer, buffer.count) }
        return count < 0 ? nil : String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Puts a link in the place of what is there, which must not be a directory.
    ///
    /// - Throws: a `Refusal` that names it.
    static func make(_ path: FilePath, to target: String) throws(Refusal) {
        let new = FilePath("\(path).dvm-new")
        Removal.file(new)
        try call("making \(path)") { unsafe new.withPlatformString { unsafe symlink(target, $0) } }
        try Status.rename(new, to: path)
    }
}
