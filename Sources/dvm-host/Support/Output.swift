internal import DVMProtocol

/// Standard output, for data, and standard error, for talk.
enum Output {
    /// Writes lines of data.
    ///
    /// - Throws: `ProgramEnded` with success when nobody reads them any more, as with `dvm ls | head -1`.
    static func print(_ text: String) throws { try write(Array("\(text)\n".utf8)) }

    /// Writes bytes of data as they are.
    ///
    /// - Throws: `ProgramEnded` with success when nobody reads them any more.
    static func write(_ bytes: some Sequence<UInt8>) throws {
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
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
