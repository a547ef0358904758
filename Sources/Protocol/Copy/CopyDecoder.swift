/// Bytes to records of a copy, however they arrive.
///
/// Holds at most what it was last fed and one unfinished record. The sender is a stranger: a length is checked before
/// anything is sized by it, every field before it is handed on, and after a failure the decoder stays failed.
public struct CopyDecoder: Sendable {
    private let peer: CopyRecord.Peer
    private var pending: [UInt8] = []
    private var start = 0
    private var failure: ProtocolViolation?

    /// A decoder for what one end says.
    public init(from peer: CopyRecord.Peer) { self.peer = peer }

    /// How many bytes wait for the rest of their record.
    public var pendingBytes: Int { pending.count - start }

    /// Takes in bytes as they arrived.
    public mutating func feed(_ bytes: ArraySlice<UInt8>) {
        if start > 0 {
            pending.removeSubrange(..<start)
            start = 0
        }
        pending.append(contentsOf: bytes)
    }

    /// The next whole record, or `nil` until more bytes are fed.
    ///
    /// - Throws: `ProtocolViolation`, again on every later call.
    public mutating func next() throws(ProtocolViolation) -> CopyRecord? {
        if let failure { throw failure }
        guard pending.count - start >= CopyRecord.headerSize else { return nil }
        do throws(ProtocolViolation) {
            guard let kind = CopyRecord.Kind(rawValue: pending[start]), kind.peer == peer else {
                throw ProtocolViolation("a record of a copy of kind \(pending[start])")
            }
            let length = pending[(start + 1)..<(start + CopyRecord.headerSize)].reduce(0) { $0 << 8 | Int($1) }
            guard kind.lengths.contains(length) else {
                throw ProtocolViolation("a \(kind) record of \(length) bytes in a copy")
            }
            let body = start + CopyRecord.headerSize
            guard pending.count >= body + length else { return nil }
            var fields = Fields(bytes: pending[body..<(body + length)])
            let record = try Self.record(kind, &fields)
            start = body + length
            return record
        } catch {
            failure = error
            pending = []
            start = 0
            throw error
        }
    }

    private static func record(_ kind: CopyRecord.Kind, _ fields: inout Fields) throws(ProtocolViolation) -> CopyRecord
    {
        switch kind {
        case .directory: .directory(name: try name(in: fields.bytes.dropFirst(14), orEmpty: true), try fields.stamp())
        case .up: .up
        case .file: try file(&fields)
        case .link: try link(&fields)
        case .listed: .listed(entries: fields.number32())
        case .want: .want(entry: fields.number32(), from: fields.number(), fields.digest())
        case .wanted: .wanted
        case .content:
            .content(entry: fields.number32(), from: fields.number(), try fields.stamp(), size: try fields.size())
        case .data: .data(Array(fields.bytes))
        case .hole: .hole(try fields.length(least: 1))
        case .end: .end(try end(fields.bytes.first ?? 0))
        case .done: .done(bytes: fields.number())
        }
    }

    private static func file(_ fields: inout Fields) throws(ProtocolViolation) -> CopyRecord {
        let stamp = try fields.stamp()
        let size = try fields.size()
        let stored = fields.number()
        guard stored <= size ?? .max else { throw ProtocolViolation("a file that takes more room than it is long") }
        return .file(name: try name(in: fields.bytes), stamp, size: size, stored: stored)
    }

    private static func link(_ fields: inout Fields) throws(ProtocolViolation) -> CopyRecord {
        let count = Int(fields.bytes.removeFirst())
        let name = try name(in: fields.bytes.prefix(count))
        let target = Array(fields.bytes.dropFirst(count))
        guard !target.isEmpty, target.count <= RawPath.longest, !target.contains(0) else {
            throw ProtocolViolation("a link to something that is no path")
        }
        return .link(name: name, target: target)
    }

    private static func end(_ byte: UInt8) throws(ProtocolViolation) -> CopyRecord.End {
        guard let end = CopyRecord.End(rawValue: byte) else {
            throw ProtocolViolation("a file that ends in way \(byte)")
        }
        return end
    }

    /// A name of one entry: nothing that leads anywhere else than to it.
    private static func name(in bytes: ArraySlice<UInt8>, orEmpty: Bool = false) throws(ProtocolViolation) -> [UInt8] {
        let name = Array(bytes)
        guard CopyName.isUsable(name) || orEmpty && name.isEmpty else {
            throw ProtocolViolation("“\(RawPath(name).shown)” as the name of a file")
        }
        return name
    }
}

/// The rule for names of entries.
public enum CopyName {
    /// Whether bytes name an entry of a directory, and nothing else.
    public static func isUsable(_ name: [UInt8]) -> Bool {
        !name.isEmpty && name.count <= CopyLimits.name && name != Array(".".utf8) && name != Array("..".utf8)
            && !name.contains(0) && !name.contains(UInt8(ascii: "/"))
    }

    /// Whether it is that of a file that is not whole yet.
    public static func isPart(_ name: [UInt8]) -> Bool { name.starts(with: CopyLimits.partPrefix) }

    /// What a file is called while it is not whole: the same every time, and short, whatever its name.
    public static func part(of name: [UInt8]) -> [UInt8] {
        // A key that anybody may know: two names in one directory that share this one are only not gone on with.
        var hash = CopyHash(under: CopyDigest.Words(0x1E37_79B9_7F4A_7C15, 0))
        hash.update(name[...])
        let digits = String(hash.digest.value.first, radix: 16)
        return CopyLimits.partPrefix + Array((String(repeating: "0", count: 16 - digits.count) + digits).utf8)
    }
}

/// The fields of a record whose length was checked, from the front.
private struct Fields {
    var bytes: ArraySlice<UInt8>

    mutating func number() -> UInt64 {
        defer { bytes = bytes.dropFirst(8) }
        return bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func digest() -> CopyDigest {
        let key = CopyDigest.Words(number(), number())
        return CopyDigest(key: key, value: CopyDigest.Words(number(), number()))
    }

    mutating func number32() -> UInt32 {
        defer { bytes = bytes.dropFirst(4) }
        return bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// A length the C library could take.
    mutating func length(least: UInt64) throws(ProtocolViolation) -> UInt64 {
        let number = number()
        guard (least...UInt64(Int64.max)).contains(number) else {
            throw ProtocolViolation("a length of \(number) bytes")
        }
        return number
    }

    mutating func size() throws(ProtocolViolation) -> UInt64? {
        if bytes.prefix(8).allSatisfy({ $0 == 0xFF }) {
            bytes = bytes.dropFirst(8)
            return nil
        }
        return try length(least: 0)
    }

    mutating func stamp() throws(ProtocolViolation) -> CopyStamp {
        let mode = bytes.prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
        bytes = bytes.dropFirst(2)
        let seconds = Int64(bitPattern: number())
        let nanoseconds = number32()
        guard mode <= 0o777, nanoseconds < 1_000_000_000 else {
            throw ProtocolViolation("a file of mode \(String(mode, radix: 8)) and \(nanoseconds) ns in a copy")
        }
        return CopyStamp(mode: mode, seconds: seconds, nanoseconds: nanoseconds)
    }
}
