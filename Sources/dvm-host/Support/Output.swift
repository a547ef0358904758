internal import DVMProtocol

/// Standard output, for data, and standard error, for talk.
enum Output {
    /// Writes lines of data.
    ///
    /// - Throws: `ProgramEnded` with success when nobody reads them any more, as with `dvm ls | head -1`.
    static func print(_ text: String) throws {
        do {
            try FileDescriptor.standardOutput.writeAll(Array("\(text)\n".utf8))
        } catch let error as Errno where error == .brokenPipe {
            throw ProgramEnded(exit: .exited(0))
        } catch {
            throw Refusal("cannot write to standard output: \(error)")
        }
    }

    /// Writes talk; there is nobody to tell when that fails.
    static func say(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
    }
}
