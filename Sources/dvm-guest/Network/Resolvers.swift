/// Who resolves names for this VM.
enum Resolvers {
    /// The servers that `resolv.conf` names, at most the three that programs ask.
    static func read(_ text: String) -> [IPAddress] {
        let servers = text.split(whereSeparator: \.isNewline).compactMap { line -> IPAddress? in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, words[0] == "nameserver" else { return nil }
            return IPAddress(String(words[1]))
        }
        // As resolv.conf(5) has it: without any, the machine's own.
        return servers.isEmpty ? [.loopback] : Array(servers.prefix(3))
    }
}
