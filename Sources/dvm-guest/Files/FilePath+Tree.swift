internal import Glibc

extension FilePath {
    /// A path in some bytes, which need not be text; `nil` when the kernel could not take it.
    init?(bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, bytes.count < 4096, !bytes.contains(0) else { return nil }
        self = unsafe FilePath(platformString: bytes.map(CChar.init(bitPattern:)) + [0])
    }

    /// Something below a directory.
    func appending(_ path: TreePath) -> FilePath {
        path == .top ? self : pushing(FilePath(platformString: path.cString))
    }

    /// The path's bytes.
    var bytes: [UInt8] {
        unsafe withPlatformString { text in
            unsafe UnsafeBufferPointer(start: text, count: strlen(text)).map(UInt8.init(bitPattern:))
        }
    }
}
