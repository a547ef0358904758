/// What is wanted of a VM's journal: the lines of one unit of systemd's, as journalctl(1) shows them.
public struct JournalQuery: Hashable, Codable, Sendable {
    /// The unit, such as `dvm-llama.service`; without a suffix, a service.
    public var unit: String
    /// Which lines, and how.
    public var options: Options

    /// A question.
    public init(unit: String, options: Options = Options()) {
        self.unit = unit
        self.options = options
    }

    /// Which lines, and how they are shown.
    public struct Options: Hashable, Codable, Sendable {
        /// Whether to go on with what is written later.
        public var follows: Bool
        /// How many of the newest lines; all there are when absent.
        public var lines: Int?
        /// From when on, as systemd.time(7) writes it.
        public var since: String?
        /// Until when.
        public var until: String?
        /// How grave at least: a name or number of syslog(3), or a range of them.
        public var priority: String?
        /// How a line looks; journalctl's usual one when absent.
        public var format: Format?

        /// Options.
        public init(
            follows: Bool = false,
            lines: Int? = nil,
            since: String? = nil,
            until: String? = nil,
            priority: String? = nil,
            format: Format? = nil
        ) {
            self.follows = follows
            self.lines = lines
            self.since = since
            self.until = until
            self.priority = priority
            self.format = format
        }
    }

    /// How a line looks, as `-o` of journalctl(1) names it.
    public enum Format: String, Hashable, Codable, Sendable, CaseIterable {
        case short
        case shortFull = "short-full"
        case shortISO = "short-iso"
        case shortISOPrecise = "short-iso-precise"
        case shortPrecise = "short-precise"
        case shortMonotonic = "short-monotonic"
        case shortDelta = "short-delta"
        case shortUnix = "short-unix"
        case cat
        case json
    }

    /// The most lines that can be asked for by number.
    public static let mostLines = 1_000_000

    /// Refuses what systemd could not mean, or journalctl would take for something else.
    ///
    /// - Throws: a `Refusal` that quotes the part.
    public func check() throws(Refusal) {
        try Self.checkUnit(unit)
        if let lines = options.lines, !(0...Self.mostLines).contains(lines) {
            throw Refusal("\(lines) lines of the journal", hint: "write a number from 0 to \(Self.mostLines)")
        }
        for time in [options.since, options.until].compactMap(\.self) {
            guard time.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), !time.isEmpty, time.utf8.count <= 64 else {
                throw Refusal(
                    "“\(time.printable)” is no time",
                    hint: "write one as systemd does: “2026-11-21 15:30”, “yesterday”, “-1h”"
                )
            }
        }
        if let priority = options.priority {
            let ends = priority.split(separator: ".", omittingEmptySubsequences: false).filter { !$0.isEmpty }
            let names = ["emerg", "alert", "crit", "err", "error", "warning", "notice", "info", "debug"]
            let isKnown = ends.allSatisfy { names.contains(String($0)) || ("0"..."7").contains(String($0)) }
            let isRange = ends.count == 2 && priority == "\(ends[0])..\(ends[1])"
            guard isKnown, ends.count == 1 && priority == ends[0] || isRange else {
                throw Refusal(
                    "“\(priority.printable)” is no priority",
                    hint:
                        "write a number from 0 to 7, one of \(names.joined(separator: ", ")), or a range such as err..alert"
                )
            }
        }
    }

    /// Refuses what cannot name a unit of systemd's (systemd.unit(5)).
    public static func checkUnit(_ unit: String) throws(Refusal) {
        let allowed = unit.utf8.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || ":_.\\@-".utf8.contains($0) }
        guard allowed, !unit.isEmpty, unit.utf8.count <= 255, !unit.hasPrefix("-") else {
            throw Refusal(
                "“\(unit.printable)” cannot be a unit of systemd's",
                hint: "write a name such as dvm-llama.service; `dvm ssh <vm> systemctl list-units` shows them"
            )
        }
    }
}

extension JournalQuery.Options {
    /// The options in words as people know them from journalctl: `-f`, `-n N`, `--since T`, `--until T`, `-p P`, `-o F`.
    ///
    /// - Throws: a `Refusal` that quotes the word.
    public init(words: [String]) throws(Refusal) {
        self.init()
        var rest = words[...]
        while let word = rest.popFirst() {
            let (name, attached) = Self.split(word)
            if name == "-f" || name == "--follow" {
                guard attached == nil else { throw Self.unknown(word) }
                follows = true
                continue
            }
            // Always so.
            if word == "--no-pager" { continue }
            guard Self.takingValue.contains(name) else { throw Self.unknown(word) }
            guard let value = attached ?? rest.popFirst() else {
                throw Refusal("\(name) is without its value", hint: Self.hint)
            }
            try take(name, value)
        }
    }

    private mutating func take(_ name: String, _ value: String) throws(Refusal) {
        switch name {
        case "-n", "--lines":
            guard value != "all" else { return lines = nil }
            guard let count = Int(value), (0...JournalQuery.mostLines).contains(count) else {
                throw Refusal(
                    "“\(value.printable)” is no number of lines",
                    hint: "write a number from 0 to \(JournalQuery.mostLines), or all"
                )
            }
            lines = count
        case "-S", "--since": since = value
        case "-U", "--until": until = value
        case "-p", "--priority": priority = value
        default:
            guard let format = JournalQuery.Format(rawValue: value) else {
                throw Refusal(
                    "“\(value.printable)” is no way to show the journal",
                    hint: "write one of \(JournalQuery.Format.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            self.format = format
        }
    }

    private static let takingValue: Set<String> = [
        "-n", "--lines", "-S", "--since", "-U", "--until", "-p", "--priority", "-o", "--output",
    ]

    /// An option and the value that stands in the same word: `--lines=5`, `-n5`.
    private static func split(_ word: String) -> (name: String, value: String?) {
        if word.hasPrefix("--"), let end = word.firstIndex(of: "=") {
            return (String(word[..<end]), String(word[word.index(after: end)...]))
        }
        guard word.hasPrefix("-"), !word.hasPrefix("--"), word.count > 2 else { return (word, nil) }
        return (String(word.prefix(2)), String(word.dropFirst(2)))
    }

    private static func unknown(_ word: String) -> Refusal {
        Refusal("“\(word.printable)” is not among the options of journalctl that dvm hands on", hint: hint)
    }

    private static let hint = "there are -f, -n N, --since T, --until T, -p P and -o F"
}
