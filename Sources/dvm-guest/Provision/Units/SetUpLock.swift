internal import DVMProtocol

/// Held by whatever changes the VM for a `dvm sync`: one at a time, whoever asks.
struct SetUpLock: ~Copyable {
    private let lock: FileLock

    private static let path: FilePath = "/run/dvm/setup.lock"

    /// More than whoever was cut off needs to clean up.
    private static let patience = Duration.seconds(5)

    /// What whoever finds it taken is told.
    private struct Holder: Codable {
        var what: String
        /// Seconds since the VM started.
        var since: Int
    }

    /// Does something while holding the lock; what one who held it may have left when it was killed is ended and removed
    /// first.
    ///
    /// - Parameters:
    ///   - what: what is being done, as a person would say it.
    ///   - body: does it.
    /// - Returns: what the body does.
    /// - Throws: a `Refusal` that says what is being done by somebody else, or the body's.
    static func hold<Result>(for what: String, _ body: () throws(Refusal) -> Result) throws(Refusal) -> Result {
        let lock = try take(for: what)
        let result = Swift.Result(catching: body)
        withExtendedLifetime(lock) {}
        return try result.get()
    }

    private static func take(for what: String) throws(Refusal) -> Self {
        _ = try Directories.make("/run/dvm", mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
        guard let lock = try FileLock.take(path, within: patience) else { throw taken() }
        let holder = Holder(what: what, since: UpTime.seconds)
        lock.note(String(decoding: try JSON.encode(holder), as: UTF8.self))
        UnitPlace.sweep()
        return Self(lock: lock)
    }

    private static func taken() -> Refusal {
        let hint = "wait until it is done; if nobody waits for it any more, it ends by itself"
        guard let bytes = try? TextFile.readBytes(path), let holder = try? JSON.decode(Holder.self, from: bytes) else {
            return Refusal("another `dvm sync` is setting this VM up", hint: hint)
        }
        let time = UpTime.text(seconds: UpTime.seconds - holder.since)
        return Refusal(
            "another `dvm sync` is setting this VM up: it has been at \(holder.what) for \(time)",
            hint: hint
        )
    }
}

/// Time as it passes in the VM, whatever is done to its clock.
enum UpTime {
    static var seconds: Int {
        let text = (try? TextFile.read("/proc/uptime")) ?? ""
        return Int(text.prefix { $0 != "." }) ?? 0
    }

    /// Seconds as a person says them: `45 s`, `12 min`, `1 h 30 min`.
    static func text(seconds: Int) -> String {
        let minutes = seconds / 60
        switch seconds {
        case ..<120: return "\(max(0, seconds)) s"
        case ..<7200 where seconds % 60 == 0: return "\(minutes) min"
        case ..<7200: return "\(minutes) min \(seconds % 60) s"
        default: return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
        }
    }
}
