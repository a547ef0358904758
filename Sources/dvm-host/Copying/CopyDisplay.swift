internal import DVMProtocol
internal import DVMTransfer

/// What a person sees of a copy.
final class CopyDisplay {
    private let display: ProgressDisplay
    private let copy: Copy
    private var bar = TransferBar(total: nil)
    private var began = ContinuousClock.now
    private var shown = ContinuousClock.now

    init(_ display: ProgressDisplay, _ copy: Copy) {
        self.display = display
        self.copy = copy
    }

    /// How often the line changes: a person reads no faster.
    private static let pause = Duration.milliseconds(200)

    /// Follows the copy.
    var observer: CopyObserver {
        CopyObserver { [self] tree, entries in
            if copy.dryRun { return try list(tree, entries) }
            let sizes = entries.map { tree.nodes[$0].size == nil ? nil : tree.nodes[$0].stored }
            bar = TransferBar(total: sizes.contains(nil) ? nil : sizes.reduce(0) { $0 + ($1 ?? 0) })
            began = .now
        } moved: { [self] bytes in
            let now = ContinuousClock.now
            bar.moved(bytes, at: seconds(now))
            guard display.style.width != nil, shown.duration(to: now) >= Self.pause else { return }
            shown = now
            display.detail(bar.text(at: seconds(now)))
        }
    }

    private func seconds(_ now: ContinuousClock.Instant) -> Double { began.duration(to: now) / .seconds(1) }

    /// Shows that a copy is under way.
    func during<Value>(_ body: () throws -> Value) async throws -> Value {
        if copy.dryRun { return try body() }
        let label =
            switch copy.plan.direction {
            case .toGuest: "copying to \(copy.plan.vm)"
            case .fromGuest: "copying from \(copy.plan.vm)"
            }
        return try await display.step(label, body)
    }

    /// Prints what would be copied, a path a line.
    private func list(_ tree: CopyTree, _ entries: [Int]) throws {
        for entry in entries { try Output.print(tree.path(entry).shown) }
    }

    /// Says what became of it.
    ///
    /// - Returns: whether everything is there that should be.
    func tell(_ ours: CopyReport, _ theirs: CopyReport) -> Bool {
        var moreFailures = 0
        var moreSkipped = 0
        for report in [ours, theirs] {
            // The guest may have sent any number of them.
            for trouble in report.troubles.prefix(CopyReport.mostTroubles) {
                display.note("\(trouble.isFailure ? "not copied" : "left out"): \(trouble.path.shown): \(trouble.why)")
            }
            // The guest's numbers are only shown.
            moreFailures &+= report.moreFailures
            moreSkipped &+= report.moreSkipped
        }
        if moreFailures != 0 { display.note("not copied: \(moreFailures) more") }
        if moreSkipped != 0 { display.note("left out: \(moreSkipped) more") }
        if let unmarked = ours.unmarked {
            display.note(
                "\(unmarked == 1 ? "1 file is" : "\(unmarked) files are") without the mark of what came from elsewhere "
                    + "(com.apple.quarantine): this file system does not keep it"
            )
        }
        let isFromGuest = if case .fromGuest = copy.plan.direction { true } else { false }
        let receiver = isFromGuest ? ours : theirs
        if !copy.dryRun {
            let files = receiver.files == 1 ? "1 file" : "\(receiver.files) files"
            let unchanged = receiver.unchanged == 0 ? "" : ", \(receiver.unchanged) unchanged"
            display.note("\(files), \(TransferBar.size(receiver.bytes))\(unchanged)")
        }
        return ours.isWhole && theirs.isWhole
    }
}
