internal import DVMProtocol

/// Where this very program is: beside it are the copies of the guest program.
enum OwnExecutable {
    /// The path, with every link followed.
    ///
    /// - Throws: a `Refusal` when the system does not say.
    static func path() throws(Refusal) -> FilePath {
        #if canImport(Darwin)
        var size: UInt32 = 4096
        var name = [CChar](repeating: 0, count: Int(size))
        guard unsafe _NSGetExecutablePath(&name, &size) == 0 else {
            throw Refusal("the system does not say where dvm is")
        }
        #else
        let name: [CChar] = Array("/proc/self/exe".utf8CString)
        #endif
        guard let path = unsafe realpath(name, nil) else {
            throw Refusal("it cannot be found out where dvm is: \(Errno(rawValue: errno))")
        }
        defer { unsafe free(path) }
        return unsafe FilePath(platformString: path)
    }
}
