extension Tool.SignIn {
    /// Where a tool waits for the browser to bring the answer of a sign-in: a page of its own loopback (RFC 8252, 7.3).
    public struct Callback: Hashable, Codable, Sendable {
        /// The port it listens on: one that any user may open, and always the same.
        public var port: UInt16
        /// The page there that takes the answer.
        public var path: String
        /// Arguments that start the sign-in so; those of the other way when absent.
        public var arguments: [String]?

        /// A page at a port.
        public init(port: UInt16, path: String, arguments: [String]? = nil) {
            self.port = port
            self.path = path
            self.arguments = arguments
        }

        /// Reads an address such as `http://localhost:1455/auth/callback`.
        ///
        /// - Throws: a `Refusal` saying how to write one.
        public init(address: String) throws(Refusal) {
            let hosts = ["http://localhost:", "http://127.0.0.1:"]
            let rest = hosts.firstNonNil { address.hasPrefix($0) ? address.dropFirst($0.count) : nil } ?? ""
            let slash = rest.firstIndex(of: "/") ?? rest.endIndex
            guard let port = PortNumber.read(rest[..<slash]) else { throw Self.refusal(address) }
            self.init(port: port, path: String(rest[slash...]))
            try check()
        }

        /// As the redirect address of a sign-in has it.
        public var address: String { "http://localhost:\(port)\(path)" }

        /// Refuses a page that is not written plainly, and a port that takes rights to open.
        func check() throws(Refusal) {
            let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-/"
            guard port >= 1024, path.hasPrefix("/"), path.utf8.count <= 256, path.allSatisfy(letters.contains) else {
                throw Self.refusal(address)
            }
        }

        private static func refusal(_ address: String) -> Refusal {
            Refusal(
                "“\(address.printable)” is not where a tool could wait for a browser",
                hint: "write an address such as http://localhost:1455/auth/callback, with a port from 1024 up"
            )
        }
    }

    /// The arguments that start the sign-in, by the browser's coming back or without.
    public func words(byCallback: Bool) -> [String] {
        byCallback ? callback?.arguments ?? arguments : arguments
    }
}

extension Sequence {
    fileprivate func firstNonNil<Value>(_ transform: (Element) -> Value?) -> Value? {
        for element in self { if let value = transform(element) { return value } }
        return nil
    }
}

/// What a browser brought back from a sign-in, for the tool that waits for it in a session.
public struct SignInAnswer: Hashable, Codable, Sendable {
    /// The session that the tool's sign-in is.
    public var session: SessionID
    /// What follows the `?` in the address the browser was sent to.
    public var query: String

    /// An answer.
    public init(session: SessionID, query: String) {
        self.session = session
        self.query = query
    }

    /// The longest answer, in bytes: codes of providers have hundreds.
    public static let longest = 16 * 1024

    /// Whether a text is the answer of a sign-in: a query as browsers write it, with a code or an error in it (RFC 6749,
    /// 4.1.2).
    public static func isAnswer(_ query: some StringProtocol) -> Bool {
        let plain = query.utf8.allSatisfy { byte in
            (0x21...0x7E).contains(byte) && !"\"#<>\\".utf8.contains(byte)
        }
        let names = query.split(separator: "&").compactMap { $0.split(separator: "=").first }
        return plain && query.utf8.count <= longest && names.contains { $0 == "code" || $0 == "error" }
    }

    func check() throws(Refusal) {
        guard Self.isAnswer(query) else { throw Refusal("what came back from the browser is no answer of a sign-in") }
    }
}

/// What a tool said to the answer of a sign-in.
public struct SignInOutcome: Hashable, Codable, Sendable {
    /// The status of its page, as in HTTP.
    public var status: Int

    /// An outcome.
    public init(status: Int) { self.status = status }

    /// Whether the tool took the answer; what came of it, the tool tells in its own words.
    public var isTaken: Bool { (200..<400).contains(status) }
}
