internal import DVMProtocol

extension JournalQuery {
    /// The words of journalctl(1) for this question, in which no value can be taken for another.
    ///
    /// `--unit` would show services of the system only. A person's own, such as Docker without root, are meant as well, so
    /// what it stands for is written out, for the system and for one user.
    func words(for uid: UInt32) -> [String] {
        let values = [
            "--lines": options.lines.map(String.init) ?? "all", "--since": options.since, "--until": options.until,
            "--priority": options.priority, "--output": options.format?.rawValue,
        ]
        let unit = wholeName
        let matches = [
            ["_SYSTEMD_UNIT=\(unit)"], ["UNIT=\(unit)", "_PID=1"],
            ["_SYSTEMD_USER_UNIT=\(unit)", "_UID=\(uid)"], ["USER_UNIT=\(unit)", "_UID=\(uid)"],
        ]
        return ["journalctl", "--no-pager", "--quiet"]
            + values.compactMap { name, value in value.map { "\(name)=\($0)" } }.sorted()
            + (options.follows ? ["--follow"] : []) + matches.joined(separator: ["+"])
    }

    /// The unit with its suffix, as the journal has it.
    private var wholeName: String {
        let suffixes = [
            "service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope",
        ]
        return suffixes.contains { unit.hasSuffix(".\($0)") } ? unit : "\(unit).service"
    }
}
