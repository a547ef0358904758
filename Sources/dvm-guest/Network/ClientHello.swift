/// The first message of a TLS connection, as far as it says which server is meant (RFC 8446, 4.1.2; RFC 6066, 3).
enum ClientHello {
    /// What some first bytes of a connection are.
    enum Reading: Equatable {
        /// Not enough to tell.
        case incomplete
        /// Not TLS.
        case other
        /// TLS for a server of this name, in lower case; or for one without a name.
        case server(String?)
        /// TLS that contradicts itself, or is longer than any client's.
        case malformed
    }

    /// More than any client sends, keys for the days after quantum computers included.
    static let largest = 16 * 1024

    /// Reads the first bytes of a connection.
    static func read(_ bytes: [UInt8]) -> Reading {
        guard let first = bytes.first else { return .incomplete }
        // A record of kind handshake.
        guard first == 22 else { return .other }
        var message: [UInt8] = []
        var start = 0
        // The message may be cut into several records.
        while start < bytes.count {
            guard bytes[start] == 22 else { return .malformed }
            guard bytes.count >= start + 5 else { break }
            guard bytes[start + 1] == 3 else { return .malformed }
            let length = Int(bytes[start + 3]) << 8 | Int(bytes[start + 4])
            guard (1...(1 << 14)).contains(length) else { return .malformed }
            let end = min(start + 5 + length, bytes.count)
            message += bytes[(start + 5)..<end]
            if let whole = wholeLength(message) {
                guard message[0] == 1, whole <= largest else { return .malformed }
                if message.count >= whole { return server(Array(message[4..<whole])) }
            }
            start = end
            if end == bytes.count { break }
        }
        return bytes.count >= largest ? .malformed : .incomplete
    }

    /// How long the message is with its head of four bytes: its kind and 24 bits of length.
    private static func wholeLength(_ message: [UInt8]) -> Int? {
        guard message.count >= 4 else { return nil }
        return 4 + (Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3]))
    }

    private static func server(_ body: [UInt8]) -> Reading {
        var reader = ByteReader(body)
        // Version, random, session, ciphers, compression, then the extensions.
        guard reader.skip(2 + 32), reader.block(1) != nil, reader.block(2) != nil, reader.block(1) != nil else {
            return .malformed
        }
        guard !reader.isAtEnd else { return .server(nil) }
        guard let extensions = reader.block(2), reader.isAtEnd else { return .malformed }
        var name: String?
        var rest = ByteReader(extensions)
        while !rest.isAtEnd {
            guard let kind = rest.number(2), let value = rest.block(2) else { return .malformed }
            guard kind == 0 else { continue }
            // Two names are one for us and another for the server.
            guard name == nil, let found = serverName(value) else { return .malformed }
            name = found
        }
        return .server(name)
    }

    /// A list with one entry, of kind 0: a host name.
    private static func serverName(_ value: [UInt8]) -> String? {
        var reader = ByteReader(value)
        guard let list = reader.block(2), reader.isAtEnd else { return nil }
        var entries = ByteReader(list)
        guard entries.number(1) == 0, let name = entries.block(2), entries.isAtEnd, !name.isEmpty,
            name.allSatisfy({ (0x21..<0x7F).contains($0) })
        else { return nil }
        return String(decoding: name, as: UTF8.self).lowercased()
    }
}

/// Takes numbers and blocks off the front of some bytes; nothing is read beyond their end.
struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    /// Leaves out some bytes; whether there were so many.
    mutating func skip(_ count: Int) -> Bool {
        guard bytes.count - position >= count else { return false }
        position += count
        return true
    }

    /// A number of so many bytes, the highest first.
    mutating func number(_ size: Int) -> Int? {
        guard bytes.count - position >= size else { return nil }
        defer { position += size }
        return bytes[position..<(position + size)].reduce(0) { $0 << 8 | Int($1) }
    }

    /// Bytes behind their own length, a number of so many bytes.
    mutating func block(_ size: Int) -> [UInt8]? {
        guard let length = number(size), bytes.count - position >= length else { return nil }
        defer { position += length }
        return Array(bytes[position..<(position + length)])
    }
}
