internal import DVMProtocol

/// Which processes the kernel ends first when the VM has no memory left (`oom_score_adj`, proc_pid_oom_score_adj(5)).
///
/// A process inherits it, and only root lowers it below what root gave it last.
enum OutOfMemory {
    /// For what watches over a session: nobody else ends it, and looks at what it leaves.
    static let spared = -900
    /// For agents: their memory goes before that of the people in the VM.
    static let first = 500

    /// Gives this process a place in that order.
    static func place(_ score: Int) throws(Refusal) {
        do {
            let file = OwnedDescriptor(try FileDescriptor.open(file, .writeOnly, options: [.closeOnExec]))
            _ = try file.raw.writeAll("\(score)".utf8)
        } catch {
            throw Refusal("the kernel does not take “\(score)” for \(file): \(error)")
        }
    }

    /// Takes a process that was started by one that is spared back among all others.
    static func rejoin() throws(Refusal) {
        let score = try Int(TextFile.read(file).filter { !$0.isWhitespace })
        if score ?? spared < 0 { try place(0) }
    }

    private static let file: FilePath = "/proc/self/oom_score_adj"
}
