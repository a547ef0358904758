internal import DVMProtocol

/// What a client asks of the proxy, read from the head of its request.
struct ProxyRequest: Equatable {
    /// The host as it was written, which may be an address, in lower case.
    var host: String
    var port: UInt16
    var form: Form

    enum Form: Equatable {
        /// A tunnel.
        case tunnel
        /// One plain request: what the server is sent first, and how many bytes of body follow.
        case plain(head: [UInt8], body: Int)
    }

    /// A request that is answered with an error.
    struct Fault: Error, Equatable {
        var status: Int
        var text: String
    }

    /// The most bytes of a head.
    static let largestHead = 16 * 1024

    /// Where a head ends in some bytes: behind its empty line.
    static func end(of bytes: [UInt8], from start: Int = 0) -> Int? {
        // From three bytes before what is new: the four may come in pieces.
        var index = max(start - 3, 0)
        while index + 4 <= bytes.count {
            if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 {
                return index + 4
            }
            index += 1
        }
        return nil
    }

    /// Reads a whole head, its empty line included.
    ///
    /// Strict where servers differ (RFC 9112 lets them): what two readers may take for different requests is refused.
    init(_ bytes: some Collection<UInt8>) throws(Fault) {
        // Bytes beyond ASCII and control characters have no business in a head; a lone CR or LF is a line to some.
        let lines = try Self.lines(Array(bytes))
        let words = lines[0].split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3, ["HTTP/1.1", "HTTP/1.0"].contains(words[2]), Self.isToken(words[0]) else {
            throw Fault(status: 400, text: "the first line is not one of HTTP/1.1")
        }
        let fields = try lines.dropFirst().map { line throws(Fault) in try Field(line) }
        if words[0] == "CONNECT" {
            (host, port) = try Self.authority(words[1][...], standard: nil)
            form = .tunnel
        } else {
            let (authority, path) = try Self.absolute(words[1])
            (host, port) = try Self.authority(authority, standard: 80)
            let body = try Self.bodyLength(fields)
            form = .plain(
                head: Self.head(words[0], path: path, authority: authority, fields),
                body: body
            )
        }
    }

    private static func lines(_ bytes: [UInt8]) throws(Fault) -> [String] {
        let text = String(decoding: bytes, as: UTF8.self)
        guard bytes.allSatisfy({ (0x20..<0x7F).contains($0) || [9, 10, 13].contains($0) }), text.hasSuffix("\r\n\r\n")
        else { throw Fault(status: 400, text: "the head has bytes that no head has") }
        // A pair of CR and LF is one character.
        let lines = text.split(separator: "\r\n" as Character, omittingEmptySubsequences: false).dropLast(2)
        guard let first = lines.first, !first.isEmpty,
            !lines.contains(where: { $0.contains("\r") || $0.contains("\n") }),
            lines.count <= 128
        else { throw Fault(status: 400, text: "the lines of the head do not end as they must") }
        return lines.map(String.init)
    }

    /// A line of the head.
    struct Field: Equatable {
        var name: String
        var value: String

        init(_ line: String) throws(Fault) {
            // A continued line and a space before the colon are where readers differ most.
            guard let colon = line.firstIndex(of: ":"), isToken(String(line[..<colon])) else {
                throw Fault(status: 400, text: "a line of the head has no name")
            }
            name = line[..<colon].lowercased()
            value = String(line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
        }
    }

    private static func isToken(_ text: String) -> Bool {
        let letters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
        return !text.isEmpty && text.lowercased().allSatisfy(letters.contains)
    }

    /// The authority and the path of `http://host/path`.
    private static func absolute(_ target: String) throws(Fault) -> (Substring, String) {
        guard target.lowercased().hasPrefix("http://") else {
            throw Fault(status: 400, text: "this is a proxy: requests name http://HOST/PATH, or use CONNECT")
        }
        let rest = target.dropFirst("http://".count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        let path = String(rest[end...].prefix { $0 != "#" })
        return (rest[..<end], path.hasPrefix("/") ? path : "/" + path)
    }

    /// The host and port of an authority: nothing before an `@`, and no IPv6 address, which no rule names.
    private static func authority(_ text: Substring, standard: UInt16?) throws(Fault) -> (String, UInt16) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let name = HostRule.name(parts[0]) else {
            throw Fault(status: 400, text: "“\(text)” does not name a host")
        }
        // What looks like a number is an address to some: only its one usual spelling is one here.
        let last = name.split(separator: ".").last ?? ""
        guard !(last.first?.isNumber ?? true) || IPAddress(name) != nil else {
            throw Fault(status: 400, text: "“\(name)” is an address in an unusual spelling")
        }
        guard let port = parts.count == 2 ? PortNumber.read(parts[1]) : standard else {
            throw Fault(status: 400, text: "“\(text)” names no port")
        }
        return (name, port)
    }

    /// How long the body is.
    private static func bodyLength(_ fields: [Field]) throws(Fault) -> Int {
        guard !fields.contains(where: { $0.name == "transfer-encoding" }) else {
            // Two ways to say where a request ends are how a second one is smuggled behind it.
            throw Fault(status: 411, text: "the proxy takes bodies with a Content-Length only")
        }
        let lengths = fields.filter { $0.name == "content-length" }.map(\.value)
        guard let length = lengths.first else { return 0 }
        guard lengths.count == 1, (1...15).contains(length.utf8.count),
            length.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let count = Int(length)
        else { throw Fault(status: 400, text: "the length of the body is not a number") }
        return count
    }

    /// The head for the server: the host from the request's line and never from a field, and one request a connection.
    private static func head(_ method: String, path: String, authority: Substring, _ fields: [Field]) -> [UInt8] {
        let connection = fields.filter { $0.name == "connection" }
            .flatMap { field in field.value.lowercased().split { ", \t".contains($0) }.map(String.init) }
        let dropped: Set<String> = Set(connection).union([
            "connection", "proxy-connection", "proxy-authorization", "keep-alive", "host", "upgrade", "te", "trailer",
            "expect",
        ]).subtracting(["content-length"])
        var lines = ["\(method) \(path) HTTP/1.1", "Host: \(authority)"]
        lines += fields.filter { !dropped.contains($0.name) }.map { "\($0.name): \($0.value)" }
        lines += ["Connection: close", "", ""]
        return Array(lines.joined(separator: "\r\n").utf8)
    }
}
