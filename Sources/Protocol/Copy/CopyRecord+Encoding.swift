extension CopyRecord {
    /// Appends the record as it travels.
    ///
    /// Names and data must be within `CopyLimits`: whoever makes a record has checked that.
    public func append(to bytes: inout [UInt8]) {
        switch self {
        case .directory(let name, let stamp):
            Self.begin(.directory, 14 + name.count, &bytes)
            bytes.append(stamp)
            bytes.append(contentsOf: name)
        case .up: Self.begin(.up, 0, &bytes)
        case .file(let name, let stamp, let size, let stored):
            Self.begin(.file, 30 + name.count, &bytes)
            bytes.append(stamp)
            bytes.appendBigEndian(size ?? Self.unknownSize)
            bytes.appendBigEndian(stored)
            bytes.append(contentsOf: name)
        case .link(let name, let target):
            Self.begin(.link, 1 + name.count + target.count, &bytes)
            bytes.append(UInt8(name.count))
            bytes.append(contentsOf: name)
            bytes.append(contentsOf: target)
        case .listed(let entries):
            Self.begin(.listed, 4, &bytes)
            bytes.appendBigEndian(entries)
        case .want(let entry, let from, let digest):
            Self.begin(.want, 44, &bytes)
            bytes.appendBigEndian(entry)
            bytes.appendBigEndian(from)
            for words in [digest.key, digest.value] {
                bytes.appendBigEndian(words.first)
                bytes.appendBigEndian(words.second)
            }
        case .wanted: Self.begin(.wanted, 0, &bytes)
        case .content(let entry, let from, let stamp, let size):
            Self.begin(.content, 34, &bytes)
            bytes.appendBigEndian(entry)
            bytes.appendBigEndian(from)
            bytes.append(stamp)
            bytes.appendBigEndian(size ?? Self.unknownSize)
        case .data(let data):
            Self.beginData(data.count, &bytes)
            bytes.append(contentsOf: data)
        case .hole(let length):
            Self.begin(.hole, 8, &bytes)
            bytes.appendBigEndian(length)
        case .end(let end):
            Self.begin(.end, 1, &bytes)
            bytes.append(end.rawValue)
        case .done(let count):
            Self.begin(.done, 8, &bytes)
            bytes.appendBigEndian(count)
        }
    }

    /// Appends the header of a `data` record, whose bytes the caller appends: it has them from a file.
    public static func beginData(_ count: Int, _ bytes: inout [UInt8]) { begin(.data, count, &bytes) }

    private static func begin(_ kind: Kind, _ length: Int, _ bytes: inout [UInt8]) {
        precondition(kind.lengths.contains(length), "what is sent was not checked")
        bytes.append(kind.rawValue)
        for shift in [16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ stamp: CopyStamp) {
        append(UInt8(truncatingIfNeeded: stamp.mode >> 8))
        append(UInt8(truncatingIfNeeded: stamp.mode))
        appendBigEndian(UInt64(bitPattern: stamp.seconds))
        appendBigEndian(stamp.nanoseconds)
    }

    fileprivate mutating func appendBigEndian(_ number: UInt64) {
        appendBigEndian(UInt32(truncatingIfNeeded: number >> 32))
        appendBigEndian(UInt32(truncatingIfNeeded: number))
    }
}
