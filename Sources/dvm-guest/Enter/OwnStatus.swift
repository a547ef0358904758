internal import DVMProtocol

/// What the kernel says about this process, or rather its running thread: filters are a thread's.
struct OwnStatus {
    /// The values by their names, without white space.
    let fields: [String: String]

    /// - Throws: a `Refusal` when it cannot be read.
    static func read() throws(Refusal) -> Self { Self(try TextFile.read("/proc/thread-self/status")) }

    init(_ text: String) {
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            fields[String(parts[0])] = String(parts[1].filter { !$0.isWhitespace })
        }
        self.fields = fields
    }

    /// 2 is the mode with filters; -1 when the kernel does not say.
    var seccompMode: Int { number("Seccomp") }

    /// How many system call filters it is under; -1 when the kernel does not say, as before Linux 5.9.
    var filters: Int { number("Seccomp_filters") }

    private func number(_ name: String) -> Int { fields[name].flatMap(Int.init) ?? -1 }
}
