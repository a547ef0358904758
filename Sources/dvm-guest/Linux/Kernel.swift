internal import Glibc

/// The running kernel.
enum Kernel {
    /// Its release, such as `6.1.0-37-amd64`.
    static var release: String {
        var name = utsname()
        unsafe uname(&name)
        return unsafe withUnsafeBytes(of: name.release) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
