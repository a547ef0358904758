internal import DVMProtocol

/// The way to the other end of a copy; both calls wait as long as it takes.
package protocol CopyPipe: AnyObject {
    /// Some bytes from the other end; none when it has ended.
    func read() throws -> [UInt8]
    /// Bytes for the other end.
    func write(_ bytes: [UInt8]) throws
}

/// Records to the other end, many in one write.
struct RecordWriter {
    let pipe: any CopyPipe
    private var bytes: [UInt8] = []

    init(_ pipe: any CopyPipe) { self.pipe = pipe }

    private static let most = 4 * CopyLimits.data

    mutating func send(_ record: CopyRecord) throws {
        record.append(to: &bytes)
        if bytes.count >= Self.most { try flush() }
    }

    /// Sends what a read puts into a buffer of a size; returns how many bytes that was.
    mutating func sendData(_ size: Int, _ read: (UnsafeMutableRawBufferPointer) throws(Errno) -> Int) throws -> Int {
        let size = min(size, CopyLimits.data)
        let start = bytes.count
        CopyRecord.beginData(size, &bytes)
        let body = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: size))
        let count: Int
        do {
            count = try unsafe bytes.withUnsafeMutableBytes {
                try unsafe read(UnsafeMutableRawBufferPointer(rebasing: $0[body...]))
            }
        } catch {
            bytes.removeSubrange(start...)
            throw error
        }
        if count < size {
            let data = Array(bytes[body..<(body + count)])
            bytes.removeSubrange(start...)
            if count > 0 { CopyRecord.data(data).append(to: &bytes) }
        }
        if bytes.count >= Self.most { try flush() }
        return count
    }

    mutating func flush() throws {
        guard !bytes.isEmpty else { return }
        try pipe.write(bytes)
        bytes.removeAll(keepingCapacity: true)
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
            decoder.feed(bytes)
        }
    }
}
