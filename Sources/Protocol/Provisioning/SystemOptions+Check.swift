extension SystemOptions {
    /// Refuses what no system could be set to, and what would be read as something else where it is written down.
    ///
    /// - Throws: a `Refusal` that names the part.
    public func check() throws(Refusal) {
        if let timeZone { try Self.checkTimeZone(timeZone) }
        if let locale { try Self.checkLocale(locale) }
        try proxy?.check()
        try Certificates.check(certificates)
        for count in [subordinateIDs.uids, subordinateIDs.gids] where !(0...SubordinateIDs.most).contains(count) {
            throw Refusal("\(count) subordinate ids", hint: "write a number from 0 to \(SubordinateIDs.most)")
        }
        switch swap {
        case .none: break
        case .file(let size), .zram(let size):
            guard Swap.sizes.contains(size) else {
                throw Refusal(
                    "\(size) MiB of swap",
                    hint: "write a size from \(Swap.sizes.lowerBound) MiB to \(Swap.sizes.upperBound / 1024) GiB"
                )
            }
        }
    }

    /// Refuses what is no name of a time zone: it becomes part of a path.
    public static func checkTimeZone(_ name: String) throws(Refusal) {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let known = parts.allSatisfy { part in
            part.first.map(Ascii.isLetter) ?? false
                && part.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "+-_".utf8.contains($0) }
        }
        guard known, parts.count <= 3, name.utf8.count <= 64 else {
            throw Refusal(
                "“\(name.printable)” cannot be a time zone",
                hint: "write its name in the tz database, such as Europe/Warsaw or UTC"
            )
        }
    }

    /// Refuses what is no name of a locale: it becomes an argument and a line of a file.
    public static func checkLocale(_ name: String) throws(Refusal) {
        let allowed = name.utf8.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "_.@-".utf8.contains($0) }
        guard allowed, let first = name.utf8.first, Ascii.isLetter(first), name.utf8.count <= 40 else {
            throw Refusal("“\(name.printable)” cannot be a locale", hint: "write a name such as de_DE.UTF-8 or C.UTF-8")
        }
    }
}

extension Proxy {
    /// Refuses what is no address of a proxy: it is written into files that shells and package managers read.
    ///
    /// - Throws: a `Refusal` that names the part, but not a password in it.
    public func check() throws(Refusal) {
        guard http != nil || https != nil else {
            throw Refusal("a proxy without an address", hint: "leave it out, or say where it is")
        }
        for address in [http, https].compactMap(\.self) { try Self.check(address) }
        for host in exceptions {
            let allowed = host.utf8.allSatisfy {
                Ascii.isLetter($0) || Ascii.isDigit($0) || "-._:/*[]".utf8.contains($0)
            }
            guard allowed, !host.isEmpty, host.utf8.count <= 256 else {
                throw Refusal("“\(host.printable)” is no host that could be reached without a proxy")
            }
        }
        guard exceptions.count <= 256 else { throw Refusal("more than 256 hosts that are reached without a proxy") }
    }

    private static func check(_ address: String) throws(Refusal) {
        let hint = "write an address such as http://proxy.example:3128"
        guard !address.utf8.contains(UInt8(ascii: "@")) else {
            throw Refusal(
                "the address of a proxy has a name or password in it, which everyone in the VM could read",
                hint: "use a proxy on your computer that knows them"
            )
        }
        let schemes = ["http://", "https://", "socks5://", "socks5h://"]
        guard let scheme = schemes.first(where: address.hasPrefix), address.utf8.count <= 256 else {
            throw Refusal("“\(address.printable)” is no address of a proxy", hint: hint)
        }
        let rest = address.utf8.dropFirst(scheme.utf8.count)
        let allowed = rest.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "-.:[]/".utf8.contains($0) }
        guard allowed, let first = rest.first, first != UInt8(ascii: "/"), first != UInt8(ascii: ":") else {
            throw Refusal("“\(address.printable)” is no address of a proxy", hint: hint)
        }
    }
}

/// Letters and digits as the formats of systems know them.
enum Ascii {
    static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
