extension Frame {
    /// The frame as it travels.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    /// Appends the frame as it travels to bytes waiting to be sent.
    public func append(to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + Self.headerSize + payload.count)
        bytes.append(contentsOf: [kind.rawValue, 0, 0, 0])
        bytes.appendBigEndian(channel)
        bytes.appendBigEndian(UInt32(payload.count))
        bytes.append(contentsOf: payload)
    }
}

extension [UInt8] {
    /// Appends a number, most significant byte first.
    mutating func appendBigEndian(_ number: UInt32) {
        for shift in [24, 16, 8, 0] as [UInt32] { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
}
