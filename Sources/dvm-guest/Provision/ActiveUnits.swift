internal import DVMProtocol

/// Which of systemd's units are active.
enum ActiveUnits {
    /// Those of some units that are, by one process for all: each takes 50 ms in an emulated VM.
    ///
    /// - Throws: a `Refusal` when systemd cannot be asked.
    static func among(_ units: [String]) throws(Refusal) -> Set<String> {
        let answer = try Run.output(["/usr/bin/systemctl", "is-active"] + units, home: "/root").output
        return parse(String(decoding: answer, as: UTF8.self), of: units)
    }

    /// Reads what `systemctl is-active` prints, a line for each unit; none are active where it says anything else.
    static func parse(_ answer: String, of units: [String]) -> Set<String> {
        let lines = answer.split(whereSeparator: \.isNewline)
        guard lines.count == units.count else { return [] }
        return Set(zip(units, lines).filter { $0.1 == "active" }.map(\.0))
    }
}
