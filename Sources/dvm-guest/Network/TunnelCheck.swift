/// Whether the first bytes through a tunnel are for the host the tunnel was made to.
enum TunnelCheck {
    enum Answer: Equatable {
        /// Not to be told yet.
        case more
        case passes
        case refused(why: String)
    }

    /// Judges the first bytes a client sends.
    ///
    /// At port 443 there is TLS, and it names the host; otherwise a server of many names could be had by the one that is
    /// allowed. Other ports may carry other protocols, but TLS names the host there too.
    static func judge(_ bytes: [UInt8], host: String, port: UInt16) -> Answer {
        switch ClientHello.read(bytes) {
        case .incomplete: return .more
        case .malformed: return .refused(why: "its first message is no TLS that makes sense")
        case .other where port == 443: return .refused(why: "it is not TLS")
        case .other: return .passes
        case .server(let name):
            if IPAddress(host) != nil {
                // An address is no name in TLS: clients leave it out.
                return name == nil || name == host ? .passes : .refused(why: "TLS in it is for another host")
            }
            return name == host ? .passes : .refused(why: "TLS in it is for another host, or names none")
        }
    }
}
