internal import DVMProtocol

/// The way to the other end of a copy; both calls wait as long as it takes.
package protocol CopyPipe: AnyObject {
    /// Some bytes from the other end; none when it has ended.
    func read() throws -> [UInt8]
    /// Bytes for the other end.
    func write(_ bytes: ArraySlice<UInt8>) throws
    /// Waits until a stream that a person named has something to read, or is at its end.
    ///
    /// - Throws: what the person ended the copy by meanwhile.
    func wait(toRead stream: OpenFile) throws
    /// Takes in what has come meanwhile, without waiting for anything.
    ///
    /// - Throws: what the person, or the other end, ended the copy by.
    func look() throws
    /// Waits as long as what ended whoever wrote a stream may take to be heard here, too.
    ///
    /// - Throws: what the person, or the other end, ended the copy by.
    func lookAfterTheEnd() throws
}

extension CopyPipe {
    /// Reading waits, and nobody ends it before.
    package func wait(toRead stream: OpenFile) throws {}
    /// The next call notices it.
    package func look() throws {}
    package func lookAfterTheEnd() throws {}
}

/// Records to the other end, many in one write.
struct RecordWriter {
    let pipe: any CopyPipe
    // Of one size for good: to grow it for each piece of a file would fill it with zeros each time.
    private var buffer = [UInt8](repeating: 0, count: 5 * CopyLimits.data)
    private var used = 0
    private var record: [UInt8] = []

    init(_ pipe: any CopyPipe) { self.pipe = pipe }

    mutating func send(_ record: CopyRecord) throws {
        self.record.removeAll(keepingCapacity: true)
        record.append(to: &self.record)
        try makeRoom(self.record.count)
        put(self.record)
    }

    /// Sends what a read puts into a buffer of a size; returns how many bytes that was.
    mutating func sendData(_ size: Int, _ read: (UnsafeMutableRawBufferPointer) throws(Errno) -> Int) throws -> Int {
        let size = min(size, CopyLimits.data)
        try makeRoom(CopyRecord.headerSize + size)
        let body = used + CopyRecord.headerSize
        let count = try unsafe buffer.withUnsafeMutableBytes {
            try unsafe read(UnsafeMutableRawBufferPointer(rebasing: $0[body..<(body + size)]))
        }
        guard count > 0 else { return 0 }
        record.removeAll(keepingCapacity: true)
        CopyRecord.beginData(count, &record)
        put(record)
        used += count
        return count
    }

    private mutating func put(_ bytes: [UInt8]) {
        buffer.replaceSubrange(used..<(used + bytes.count), with: bytes)
        used += bytes.count
    }

    private mutating func makeRoom(_ count: Int) throws { if used + count > buffer.count { try flush() } }

    mutating func flush() throws {
        guard used > 0 else { return }
        try pipe.write(buffer[..<used])
        used = 0
    }
}

/// Records from the other end.
struct RecordReader {
    let pipe: any CopyPipe
    private var decoder: CopyDecoder

    init(_ pipe: any CopyPipe, from peer: CopyRecord.Peer) {
        self.pipe = pipe
        decoder = CopyDecoder(from: peer)
    }

    mutating func next() throws -> CopyRecord {
        while true {
            if let record = try decoder.next() { return record }
            let bytes = try pipe.read()
            guard !bytes.isEmpty else {
                throw Refusal("the copy was cut short", hint: "the same command goes on from where it was")
            }
            decoder.feed(bytes[...])
        }
    }
}
