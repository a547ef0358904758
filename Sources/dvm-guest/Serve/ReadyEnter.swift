internal import DVMProtocol
internal import Glibc

/// An `enter` that was started before anybody asked for a program, and waits for its streams and its order.
///
/// Starting a process is a good part of what a short program takes, most of all in an emulated VM.
struct ReadyEnter: ~Copyable {
    private let child: Child
    private let report: OwnedDescriptor

    /// Starts one.
    ///
    /// - Throws: a `Refusal` when the kernel has no process for us.
    init() throws(Refusal) {
        let stream = try Streams.bothWays()
        let null = try Streams.null()
        child = try Child(
            role: "ready",
            input: null.raw,
            output: null.raw,
            errors: .standardError,
            report: stream.theirs.raw
        )
        report = stream.ours
    }

    /// An `enter` with these streams: the ready one, where there is one and it still lives, else a new one.
    ///
    /// - Returns: the process, and the stream on which it waits for its order.
    /// - Throws: a `Refusal` when the kernel has no process for us.
    static func started(
        _ ready: consuming ReadyEnter?,
        input: FileDescriptor,
        output: FileDescriptor,
        errors: FileDescriptor
    ) throws(Refusal) -> Started {
        if let ready, DescriptorPassing.send([input, output, errors], over: ready.report.raw) {
            return Started(ready)
        }
        let report = try Streams.bothWays()
        let child = try Child(
            role: "enter",
            input: input,
            output: output,
            errors: errors,
            report: report.theirs.raw
        )
        return Started(child: child, report: report.ours)
    }

    /// A process that waits for its order.
    struct Started: ~Copyable {
        let child: Child
        let report: OwnedDescriptor

        fileprivate init(child: consuming Child, report: consuming OwnedDescriptor) {
            self.child = child
            self.report = report
        }

        fileprivate init(_ ready: consuming ReadyEnter) {
            self.init(child: ready.child, report: ready.report)
        }
    }
}
