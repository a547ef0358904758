internal import DVMProtocol
internal import Glibc

/// What the gate says in the end.
struct GateReport: Codable {
    /// What the person should hear.
    var notes: [SessionNote]
    /// What is recorded.
    var facts: SessionFacts
}

/// What the gate decided: a line per decision for the record, and what the person should hear in the end.
final class GateJournal {
    /// One line of the log, as JSON.
    private struct Line: Codable {
        /// Seconds since 1970.
        var time: Int
        var target: String
        /// Why it was refused; absent when it was not.
        var refused: String?
    }

    private struct Refused {
        var count = 0
        var why: String
        var remedy: String?
    }

    private let log: FileDescriptor
    private var lines = 0
    private var refused: [String: Refused] = [:]
    private var order: [String] = []
    private var more = 0
    private var notices: [String] = []

    /// A journal that writes its lines to a file.
    init(log: FileDescriptor) { self.log = log }

    /// A session must not fill the VM's disk by connecting.
    private static let mostLines = 10_000
    private static let mostTargets = 256
    /// More than this nobody reads.
    private static let mostNotes = 8

    /// Something was let through.
    func allow(_ target: String) { write(target, nil) }

    /// Something was refused.
    func refuse(_ target: String, why: String, remedy: String?) {
        // An agent chooses much of both, and this goes to the VM's disk.
        let target = String(target.prefix(300))
        let why = String(why.prefix(300))
        write(target, why)
        if refused[target] == nil {
            guard order.count < Self.mostTargets else {
                more += 1
                return
            }
            order.append(target)
        }
        refused[target, default: Refused(why: why, remedy: remedy)].count += 1
    }

    /// Something else the person should hear, once.
    func notice(_ text: String) {
        if !notices.contains(text), notices.count < Self.mostNotes { notices.append(text) }
    }

    /// What the person should hear.
    var notes: [SessionNote] {
        var notes = notices.map { SessionNote(.notice, $0) }
        for target in order.prefix(Self.mostNotes) {
            guard let entry = refused[target] else { continue }
            let times = entry.count == 1 ? "" : " \(entry.count) times"
            let remedy = entry.remedy.map { "; \(Self.advice($0))" } ?? ""
            notes.append(SessionNote(.notice, "refused a connection to \(target)\(times): \(entry.why)\(remedy)"))
        }
        let rest = order.count - Self.mostNotes + more
        if rest > 0 { notes.append(SessionNote(.notice, "refused connections to \(rest) more addresses")) }
        return notes
    }

    /// What was refused, for the record.
    var facts: SessionFacts {
        var facts = SessionFacts()
        facts.refusedConnections = order.prefix(SessionFacts.most).compactMap { target in
            refused[target].map {
                SessionFacts.RefusedConnection(target: target, times: $0.count, reason: $0.why)
            }
        }
        facts.moreRefusedConnections = order.count - facts.refusedConnections.count + more
        return facts
    }

    /// How a person allows a target.
    static func advice(_ word: String) -> String {
        "to allow it, write DVM_AI_HOSTS=\"… \(word)\" in the VM's configuration and run `dvm sync`"
    }

    private func write(_ target: String, _ why: String?) {
        guard lines < Self.mostLines else { return }
        lines += 1
        guard let line = try? JSON.encode(Line(time: time(nil), target: target, refused: why)) else { return }
        _ = try? log.writeAll(line + [UInt8(ascii: "\n")])
    }
}
