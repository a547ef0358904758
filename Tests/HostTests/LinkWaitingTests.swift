import DVMProtocol
import TestSupport
import Testing

@testable import dvm_host

/// A pipe whose ends have numbers of our choosing.
private final class NumberedPipe {
    let reader: FileDescriptor
    let writer: FileDescriptor

    init(from number: Int32) throws {
        let ends = try FileDescriptor.pipe()
        // Close-on-exec: other tests start programs meanwhile, and ends they kept would stay open.
        reader = FileDescriptor(rawValue: fcntl(ends.readEnd.rawValue, F_DUPFD_CLOEXEC, number))
        writer = FileDescriptor(rawValue: fcntl(ends.writeEnd.rawValue, F_DUPFD_CLOEXEC, number))
        try ends.readEnd.close()
        try ends.writeEnd.close()
    }

    deinit {
        try? reader.close()
        try? writer.close()
    }
}

@Suite struct `Waiting for descriptors` {
    // The numbers around the words and bytes of a set: a bit in the wrong place is another descriptor.
    @Test(arguments: [3, 8, 31, 32, 63, 64, 65, 127, 500, 1000] as [Int32])
    func `tells them apart, whatever their numbers`(number: Int32) throws {
        let quiet = try NumberedPipe(from: number)
        let loud = try NumberedPipe(from: number)
        _ = try loud.writer.writeAll([1])

        var ready = Readiness()
        ready.read(quiet.reader)
        ready.read(loud.reader)
        ready.write(quiet.writer)
        try ready.wait(milliseconds: 10_000)
        #expect(ready.canRead(loud.reader))
        #expect(!ready.canRead(quiet.reader))
        #expect(ready.canWrite(quiet.writer))
        // Nobody asked.
        #expect(!ready.canWrite(loud.writer))
    }

    @Test func `ends after its time`() throws {
        let pipe = try NumberedPipe(from: 9)
        var ready = Readiness()
        ready.read(pipe.reader)
        try ready.wait(milliseconds: 1)
        #expect(!ready.canRead(pipe.reader))
    }

    @Test func `finds an end of file readable`() throws {
        let ends = try FileDescriptor.pipe()
        try ends.writeEnd.close()
        var ready = Readiness()
        ready.read(ends.readEnd)
        try ready.wait(milliseconds: 10_000)
        #expect(ready.canRead(ends.readEnd))
        try ends.readEnd.close()
    }
}

@Suite struct `A guest that says nothing` {
    @Test func `is told of after a while, and then less and less often`() {
        var told: [Duration] = []
        var silence = Silence(after: .seconds(30)) { told.append($0) }
        silence.passed(.seconds(29))
        #expect(told == [] && silence.milliseconds == 1001)
        for seconds in [1, 29, 1] { silence.passed(.seconds(seconds)) }
        #expect(told == [.seconds(30), .seconds(60)])
        silence.heard()
        silence.passed(.seconds(30))
        // One word after a wait in which others were due.
        silence.passed(.seconds(1000))
        #expect(told == [.seconds(30), .seconds(60), .seconds(30), .seconds(960)])
    }
}

@Suite struct `Bytes on their way` {
    private func take(_ reader: FileDescriptor, _ most: Int) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: most)
        let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe reader.read(into: $0) }
        return Array(buffer.prefix(count))
    }

    @Test(arguments: [true, false])
    func `arrive in order`(waits: Bool) throws {
        let pipe = try NumberedPipe(from: 3)
        if !waits { _ = fcntl(pipe.writer.rawValue, F_SETFL, O_NONBLOCK) }
        var queue = WriteQueue(for: pipe.writer)
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        for piece in bytes.pieces(of: 99_999) { queue.append(Array(piece)) }
        #expect(queue.count == bytes.count)

        var taken: [UInt8] = []
        while taken.count < bytes.count {
            let count = try #require(try queue.flush(to: pipe.writer))
            // What a pipe that waits takes without waiting.
            if waits { #expect(count <= Int(PIPE_BUF)) }
            taken += try take(pipe.reader, 70_001)
        }
        #expect(taken == bytes)
        #expect(queue.isEmpty)
    }

    @Test func `wait when there is no room`() throws {
        let pipe = try NumberedPipe(from: 3)
        _ = fcntl(pipe.writer.rawValue, F_SETFL, O_NONBLOCK)
        var queue = WriteQueue(for: pipe.writer)
        queue.append([UInt8](repeating: 1, count: 1_000_000))
        while let count = try queue.flush(to: pipe.writer), count > 0 {}
        #expect(queue.count > 800_000)
        #expect(try queue.flush(to: pipe.writer) == 0)
    }

    @Test func `notice a reader that is gone`() throws {
        signal(SIGPIPE, SIG_IGN)
        let ends = try FileDescriptor.pipe()
        try ends.readEnd.close()
        var queue = WriteQueue(for: ends.writeEnd)
        queue.append([1])
        #expect(try queue.flush(to: ends.writeEnd) == nil)
        try ends.writeEnd.close()
    }

    @Test func `are refused by a full disk in words`() throws {
        let full = try FileDescriptor.open(FilePath("/dev/full"), .writeOnly)
        var queue = WriteQueue(for: full)
        queue.append([1])
        #expect(throws: Refusal("cannot write the output: No space left on device")) { try queue.flush(to: full) }
        try full.close()
    }
}
