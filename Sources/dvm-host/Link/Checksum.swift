internal import DVMProtocol

/// SHA-256 by the system's own program: needed only when the guest program is installed, and a library for it would
/// multiply the size of dvm.
enum Checksum {
    /// The checksum of a file, in hexadecimal.
    ///
    /// - Throws: a `Refusal` when the system has no such program.
    static func sha256(of path: FilePath) throws(Refusal) -> String {
        // coreutils, and what macOS has.
        for (program, options) in [
            ("/usr/bin/sha256sum", []), ("/bin/sha256sum", []), ("/usr/bin/shasum", ["-a", "256"]),
        ] where Files.isExecutable(FilePath(program)) {
            let process = try LinkProcess(
                GuestCommand(executable: FilePath(program), arguments: options + ["--", path.string], environment: [:])
            )
            process.endInput()
            var text: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while text.count < 4096,
                let count = try? unsafe buffer.withUnsafeMutableBytes({ try unsafe process.output.read(into: $0) }),
                count > 0
            {
                text += buffer[..<count]
            }
            let digits = String(decoding: text.prefix(64), as: UTF8.self)
            if process.wait() == .exited(0), digits.count == 64, digits.allSatisfy(\.isHexDigit) { return digits }
        }
        throw Refusal(
            "no program on this machine computes SHA-256",
            hint: "install coreutils (sha256sum) or perl's shasum"
        )
    }
}
