internal import DVMProtocol

/// The ids an account may give to the users of its containers: subuid(5) and subgid(5).
struct SubordinateRanges {
    /// A range of somebody's.
    struct Range: Equatable {
        var owner: String
        var first: Int
        var count: Int

        var last: Int { first + count - 1 }
    }

    var ranges: [Range]

    /// The ranges in the text of a file; lines that are none are passed over.
    init(_ text: String) {
        ranges = text.parts(between: "\n").compactMap { line in
            let fields = line.parts(between: ":")
            guard fields.count == 3, let first = Int(fields[1]), let count = Int(fields[2]), count > 0,
                first >= 0, first <= Self.highest, count <= Self.highest
            else { return nil }
            return Range(owner: fields[0], first: first, count: count)
        }
    }

    /// What is to be done for an account to have one range of a size.
    enum Change: Equatable {
        case nothing
        case add(first: Int, last: Int)
        case remove([Range])
        /// It has another number, which containers may rely on already.
        case keep(count: Int)
        /// There is no room for so many.
        case full
    }

    private static let highest = 4_294_967_293
    /// The first of them, above the accounts of people and of systemd.
    private static let lowest = 100_000

    /// Plans the range of an account.
    func change(for account: Accounts.Account, count: Int) -> Change {
        // Both its name and its number may stand there.
        let own = ranges.filter { $0.owner == account.name || $0.owner == "\(account.uid)" }
        let present = own.reduce(0) { $0 + $1.count }
        if count == 0 { return own.isEmpty ? .nothing : .remove(own) }
        guard own.isEmpty else { return present == count ? .nothing : .keep(count: present) }
        let first = max(Self.lowest, (ranges.map(\.last).max() ?? 0) + 1)
        guard first + count - 1 <= Self.highest else { return .full }
        return .add(first: first, last: first + count - 1)
    }

    /// Gives an account its ranges.
    ///
    /// - Returns: whether anything changed.
    /// - Throws: a `Refusal` when there is no room for so many.
    static func set(
        _ counts: SystemOptions.SubordinateIDs,
        for account: Accounts.Account,
        in system: SystemTree,
        note: (String) -> Void
    ) throws(Refusal) -> Bool {
        let users = try set("subuid", counts.uids, for: account, in: system, note: note)
        return try set("subgid", counts.gids, for: account, in: system, note: note) || users
    }

    /// The text of a file without the ranges of an account.
    static func text(_ text: String, without account: Accounts.Account) -> String {
        text.parts(between: "\n").filter { !["\(account.name)", "\(account.uid)"].contains($0.parts(between: ":")[0]) }
            .joined(separator: "\n")
    }

    private static func set(
        _ file: String,
        _ count: Int,
        for account: Accounts.Account,
        in system: SystemTree,
        note: (String) -> Void
    ) throws(Refusal) -> Bool {
        let text = try system.text("/etc/\(file)")
        switch Self(text).change(for: account, count: count) {
        case .nothing: return false
        case .add(let first, let last):
            // usermod refuses a file that is not there.
            if !system.has("/etc/\(file)") { _ = try system.write("", to: "/etc/\(file)") }
            try system.program(["usermod", "--add-\(file)s", "\(first)-\(last)", account.name])
        case .remove:
            // usermod takes none from an account that anything runs as, and the services of this one always run.
            _ = try system.write(Self.text(text, without: account), to: "/etc/\(file)")
        case .keep(let present):
            note(
                "\(account.name) keeps \(present) ids in /etc/\(file), which containers may use already; "
                    + "0 takes them away"
            )
            return false
        case .full:
            throw Refusal(
                "there is no room for \(count) more ids in the VM's /etc/\(file)",
                hint: "write a smaller DVM_\(file.uppercased())_COUNT"
            )
        }
        return true
    }
}
