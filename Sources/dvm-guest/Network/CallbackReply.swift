internal import DVMProtocol

/// What a tool answers a browser that comes back from a sign-in, as far as it matters: the head of an HTTP reply.
struct CallbackReply: Equatable {
    /// From 200 to 599.
    var status: Int
    /// Where the browser is sent next, as it is written.
    var location: String?

    /// What the beginning of a reply is.
    enum Reading: Equatable {
        case incomplete
        case malformed
        case reply(CallbackReply)
    }

    /// The longest head: a redirect may carry tokens.
    static let largest = 32 * 1024

    /// The request of a browser that comes back; what it says of itself and its cookies is nobody's business here.
    static func request(_ target: String, port: UInt16) -> String {
        """
        GET \(target) HTTP/1.1\r
        Host: localhost:\(port)\r
        User-Agent: dvm\r
        Accept: */*\r
        Connection: close\r
        \r

        """
    }

    /// Reads the beginning of a reply.
    static func read(_ bytes: [UInt8]) -> Reading {
        guard let end = bytes.prefix(largest).firstRange(of: Array("\r\n\r\n".utf8)) else {
            return bytes.count >= largest ? .malformed : .incomplete
        }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, ["HTTP/1.1", "HTTP/1.0"].contains(words[0]), words[1].utf8.count == 3,
            let status = Int(words[1]), (200...599).contains(status)
        else { return .malformed }
        var location: String?
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return .malformed }
            guard line[..<colon].lowercased() == "location" else { continue }
            guard location == nil else { return .malformed }
            location = String(line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
        }
        return .reply(CallbackReply(status: status, location: location))
    }

    /// The page the browser is sent to, where that is the tool's own; nobody goes anywhere else for it.
    func next(at port: UInt16) -> String? {
        guard [301, 302, 303, 307, 308].contains(status), let location, location.utf8.count <= Self.largest,
            location.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        let own = ["localhost", "127.0.0.1", "[::1]"].map { "http://\($0):\(port)" }
        var rest = location[...]
        if let start = own.first(where: { location.hasPrefix("\($0)/") }) { rest = rest.dropFirst(start.count) }
        guard rest.hasPrefix("/"), !rest.hasPrefix("//") else { return nil }
        return String(rest.prefix { $0 != "#" })
    }
}
