/// A socket that listens, as `/proc/net/tcp` and `tcp6` show it.
struct ListeningSocket: Hashable {
    var end: Endpoint
    var uid: UInt32
    /// The kernel's number of it, by which descriptors name it.
    var inode: UInt64

    /// Reads a table: after a heading and per line a number, the own end, the other end, the state, three more, who
    /// opened it, a timeout and the inode; ends hexadecimal.
    static func read(_ table: String) -> [Self] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            // 0A is TCP_LISTEN.
            guard fields.count > 9, fields[3] == "0A", let uid = UInt32(fields[7]), let inode = UInt64(fields[9]),
                let end = Endpoint(hexadecimal: fields[1])
            else { return nil }
            return Self(end: end, uid: uid, inode: inode)
        }
    }
}

extension Endpoint {
    /// Reads `0100007F:1F90`: words of 32 bits as this machine would print them, and a port.
    init?(hexadecimal text: Substring) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"))
        guard parts.count == 2, let port = UInt16(Substring(parts[1]), radix: 16),
            parts[0].count == 8 || parts[0].count == 32
        else { return nil }
        var words: [UInt32] = []
        var rest = parts[0]
        while !rest.isEmpty {
            guard let word = UInt32(Substring(rest.prefix(8)), radix: 16) else { return nil }
            words.append(UInt32(bigEndian: word))
            rest = rest.dropFirst(8)
        }
        guard words.count == 4 else {
            self.init(IPAddress(v4: words[0]), port)
            return
        }
        let halves = [0, 2].map { UInt64(words[$0]) << 32 | UInt64(words[$0 + 1]) }
        self.init(IPAddress(high: halves[0], low: halves[1]), port)
    }
}
