internal import DVMProtocol

/// How single values are written; every function throws a `Refusal` that says what to write instead.
enum FieldValue {
    static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String,
        or other: String? = nil
    ) throws(Refusal) -> Choice {
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue) + [other].compactMap(\.self)
            throw Refusal(
                "it is not one of \(words.joined(separator: ", "))",
                hint: "leave it out for the usual choice"
            )
        }
        return choice
    }

    static func flag(_ text: String) throws(Refusal) -> Bool {
        guard ["0", "1"].contains(text) else {
            throw Refusal("it is neither 0 nor 1", hint: "write 1 for yes, 0 for no")
        }
        return text == "1"
    }

    /// Reads a number of CPUs; nothing stands for `auto`.
    static func processors(_ text: String) throws(Refusal) -> Int? {
        if text == "auto" { return nil }
        guard let count = number(text), (1...1024).contains(count) else {
            throw Refusal("it is not a number of CPUs", hint: "write a number such as 4, or auto")
        }
        return count
    }

    static func size(_ text: String, least: MemorySize) throws(Refusal) -> MemorySize {
        let size = try MemorySize(text)
        guard size >= least else { throw Refusal("it is too little", hint: "write at least \(least)") }
        return size
    }

    /// Reads `90m`, `2h`, `45s`; a number alone counts seconds.
    static func seconds(_ text: String) throws(Refusal) -> Int {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        let unit = text.last.flatMap { units[$0] }
        guard let count = number(unit == nil ? text : String(text.dropLast())), (1...1_000_000).contains(count) else {
            throw Refusal("it is not a length of time", hint: "write 90m, 2h or a number of seconds")
        }
        return count * (unit ?? 1)
    }

    /// Reads `2` or `1.5` CPUs as hundredths.
    static func hundredths(_ text: String) throws(Refusal) -> Int {
        let wrong = Refusal("it is not a number of CPUs", hint: "write a number such as 2 or 1.5")
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard (1...2).contains(parts.count), (1...2).contains(fraction.count), let whole = number(parts[0]),
            whole <= 1024, let digits = number(fraction)
        else { throw wrong }
        let hundredths = whole * 100 + digits * (fraction.count == 1 ? 10 : 1)
        guard hundredths > 0 else { throw wrong }
        return hundredths
    }

    /// Reads plain decimal digits that fit; nothing for anything else.
    static func number(_ text: String) -> Int? {
        guard (1...10).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }

    /// A path in the VM; one below this host's home was written with `~` and means the home in the VM.
    static func inGuest(_ text: String, home: FilePath) -> String {
        var path = text
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let home = home.string
        if home != "/", path == home || path.hasPrefix("\(home)/") { path = "~\(path.dropFirst(home.count))" }
        return path
    }

    /// Reads the path of a file on this host.
    static func file(_ text: String, home: FilePath) throws(Refusal) -> FilePath {
        let path = text.hasPrefix("~/") ? home.appending(String(text.dropFirst(2))) : FilePath(text)
        guard path.isAbsolute, path.lastComponent?.kind == .regular, text.utf8.count <= 1024 else {
            throw Refusal(
                "“\(text.printable)” does not name a file of this computer",
                hint: "write an absolute path, or one that starts with ~/"
            )
        }
        return path
    }
}
