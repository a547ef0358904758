/// The ports on which somebody listens, as `/proc/net/tcp` and `tcp6` show them.
enum ListeningPorts {
    /// Reads a table: after a heading and per line a number, the own end, the other end, the state; ports hexadecimal.
    static func read(_ table: String) -> Set<UInt16> {
        var ports: Set<UInt16> = []
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            // 0A is TCP_LISTEN.
            guard fields.count > 3, fields[3] == "0A", let port = fields[1].split(separator: ":").last,
                let number = UInt16(port, radix: 16)
            else { continue }
            ports.insert(number)
        }
        return ports
    }
}
