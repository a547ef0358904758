internal import DVMProtocol

/// What somebody asks at the port of a sign-in, judged by the head of an HTTP request.
///
/// Everything on this computer can connect there, and so can every page that is open in its browser. Only the browser
/// itself, sent back by the provider, has anything to say.
enum BrowserRequest: Hashable, Sendable {
    /// There is more to come.
    case incomplete
    /// The answer of the sign-in: what follows the `?`.
    case answer(String)
    /// Something else, to be told no with this status.
    case other(Int)

    /// The longest head: a browser sends the cookies of everything that was ever on this name along.
    static let largest = 32 * 1024

    /// Reads the beginning of a connection.
    static func read(_ bytes: [UInt8], for callback: Tool.SignIn.Callback) -> Self {
        guard let end = bytes.prefix(largest).firstRange(of: Array("\r\n\r\n".utf8)) else {
            return bytes.count >= largest ? .other(431) : .incomplete
        }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, ["HTTP/1.1", "HTTP/1.0"].contains(words[2]), let fields = fields(lines.dropFirst())
        else { return .other(400) }
        // A page whose name was made to lead here has that name still.
        let names = ["localhost", "127.0.0.1", "[::1]"].map { "\($0):\(callback.port)" }
        guard let hosts = fields["host"], hosts.count == 1, names.contains(hosts[0].lowercased()) else {
            return .other(421)
        }
        let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard target[0] == callback.path else { return .other(404) }
        guard words[0] == "GET", fields["content-length"] == nil, fields["transfer-encoding"] == nil else {
            return .other(405)
        }
        // What a page loads or frames is not where its reader was sent.
        guard isOnly("navigate", fields["sec-fetch-mode"]), isOnly("document", fields["sec-fetch-dest"]) else {
            return .other(403)
        }
        guard target.count == 2, SignInAnswer.isAnswer(target[1]) else { return .other(400) }
        return .answer(String(target[1]))
    }

    /// Whether a field says nothing else, if it is there at all.
    private static func isOnly(_ value: String, _ found: [String]?) -> Bool { found.map { $0 == [value] } ?? true }

    /// The fields by their names in lower case; nothing when one is not written as a field.
    private static func fields(_ lines: some Sequence<Substring>) -> [String: [String]]? {
        var fields: [String: [String]] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex,
                line[..<colon].utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { return nil }
            var value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            while value.last == " " || value.last == "\t" { value.removeLast() }
            fields[line[..<colon].lowercased(), default: []].append(String(value))
        }
        return fields
    }
}
