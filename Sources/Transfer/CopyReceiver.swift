package import DVMProtocol

/// The end of a copy that decides what it wants, and writes.
///
/// The other end is a stranger: an entry is reached by its one name below a directory that is held open, never through a
/// link, and nothing that was there gets into the way of that. A file is written under another name, and gets its own when
/// it is whole.
package struct CopyReceiver {
    /// How it is received.
    package struct Options {
        /// Whether nothing is changed.
        package var dryRun = false
        /// The most bytes of data.
        package var mostBytes = CopyLimits.usualBytes
        /// What the entries at the top must be called, and the names they get; nothing when the sender is believed.
        package var expected: [(sent: [UInt8], placed: [UInt8])]?
        /// Gives a file the mark of those that came from elsewhere; nothing where it is no stranger's.
        package var markOrigin: ((OpenFile) throws(Errno) -> Void)?
        /// Whether a new entry of a directory gets its access list, so that its mode must leave that as it is.
        package var inheritsAccess: (OpenFile) -> Bool = { _ in false }
        /// Rights that nothing gets, whoever says so (umask(2)).
        package var mask: UInt16 = 0
        /// Whether the process masks no rights (umask(2)), so that a file can be made with its mode.
        package var masksNothing = false
        /// Gives an entry of a directory a name that nothing has there, and says whether it has it.
        package var renameToUnused: (OpenFile, [UInt8], [UInt8]) throws(Errno) -> Bool = {
            try $0.rename($1, toUnused: $2)
        }

        package init() {}
    }

    var writer: RecordWriter
    private var reader: RecordReader
    private let observer: CopyObserver
    let options: Options

    var tree = CopyTree()
    var report = CopyReport()
    var tops: [Int: Place] = [:]
    var landed = 0
    var held = HeldDirectories()
    /// Directories that could not be had: what is in them is passed over.
    var closed: Set<Int32> = []
    /// Directories that a dry run does not make.
    var absent: Set<Int32> = []
    /// Directories that this copy has made: at first nothing is in them.
    var made: Set<Int32> = []
    /// What this copy has put in place or left there: whatever it meets again has two names in the list and one here.
    var placed: Set<FileFacts.Identity> = []
    /// Files that were put in place since, where nothing had been.
    var landedSince: [Int] = []
    var wants: [(entry: Int, from: UInt64)] = []
    /// What earlier attempts left of some of them.
    var left: [Int: UnfinishedFile] = [:]
    /// The digests of these.
    var digests: [Int: CopyDigest] = [:]
    /// Whether the beginning of a file is to be believed, and so worth going on with another time.
    private var isBelieved = true
    /// Whether holes are written as zeros, and so take the room of data.
    private var writesHoles = false

    package init(_ pipe: any CopyPipe, options: Options, observer: CopyObserver = .none) {
        writer = RecordWriter(pipe)
        reader = RecordReader(pipe, from: .sender)
        self.options = options
        self.observer = observer
    }

    /// Receives everything that is not there yet.
    ///
    /// - Throws: a `Refusal` for what cannot be received at all, or `ProtocolViolation`.
    package mutating func run(_ destination: Destination) throws -> CopyReport {
        switch destination {
        case .place(let place, let several, let mustBeDirectory, let shown):
            let landing = try Landing(
                place,
                several: several,
                mustBeDirectory: mustBeDirectory,
                shown: shown,
                dryRun: options.dryRun
            )
            try readList { receiver, number in try receiver.decide(number, landing) }
            try askForWanted()
            var incoming: IncomingFile?
            do {
                try receiveContents { receiver, step in try receiver.obey(step, &incoming) }
            } catch {
                // Nothing goes on with a stream, which has no length to know it by.
                let hasLength = incoming.map { tree.nodes[$0.entry].size != nil } ?? false
                incoming?.giveUp(keeping: isBelieved && hasLength && !(error is ProtocolViolation))
                throw error
            }
            if !options.dryRun { try finish() }
        case .stream(let file):
            writesHoles = true
            try readList { receiver, number in
                guard number == 0, receiver.tree.nodes[0].kind == .file else {
                    throw Refusal("standard output takes one file", hint: "name a directory instead of -")
                }
                receiver.wants = [(0, 0)]
            }
            try askForWanted()
            let pipe = writer.pipe
            var stream = OutgoingStream(file: file) { try pipe.look() }
            try receiveContents { receiver, step in
                try stream.obey(step)
                if case .end(.whole, _) = step { receiver.report.files += 1 }
            }
        }
        return report
    }

    // MARK: The list

    private mutating func readList(_ decide: (inout Self, Int) throws -> Void) throws {
        while true {
            let record = try reader.next()
            let number = try tree.add(record)
            if case .listed = record { return }
            if let number { try decide(&self, number) }
        }
    }

    private mutating func askForWanted() throws {
        let bytes = wants.reduce(UInt64(0)) { $0 + tree.nodes[$1.entry].stored }
        guard bytes <= options.mostBytes else {
            throw Refusal(
                "what is to be copied has \(bytes >> 20) MiB, and \(options.mostBytes >> 20) MiB are allowed",
                hint: "--max-size allows more, such as --max-size \((bytes >> 30) + 1)GiB"
            )
        }
        // Before anything comes: whoever looks may want to know how much it will be.
        try observer.planned(tree, wants.map(\.entry))
        // Not before the list is read to its end: who lists does not listen, and both ends would wait for ever.
        for want in wants {
            try writer.send(.want(entry: UInt32(want.entry), from: want.from, digests[want.entry] ?? .ofNothing))
        }
        try writer.send(.wanted)
        try writer.flush()
    }

    // MARK: The contents

    private mutating func receiveContents(_ obey: (inout Self, CopyLedger.Step) throws -> Void) throws {
        var ledger = CopyLedger(wants: wants, most: options.mostBytes, countsHoles: writesHoles)
        if options.dryRun {
            guard case .done = try reader.next() else { throw ProtocolViolation("files that nobody asked for") }
            return
        }
        while true {
            let before = ledger.received
            let record = try reader.next()
            let step: CopyLedger.Step
            do {
                step = try ledger.take(record)
            } catch {
                isBelieved = false
                throw error
            }
            if ledger.received > before { observer.moved(Int(ledger.received - before)) }
            if step == .done {
                report.bytes = ledger.received
                return
            }
            try obey(&self, step)
        }
    }

    private mutating func obey(_ step: CopyLedger.Step, _ incoming: inout IncomingFile?) throws {
        switch step {
        case .begin(let entry, let from, let stamp, let size):
            do {
                incoming = try begin(entry, from: from, stamp, size: size)
            } catch {
                try failed(entry, error)
            }
            incoming?.entry = entry
        case .write(let bytes, let position):
            guard let file = incoming else { return }
            do {
                try file.write(bytes, at: position)
            } catch {
                // On a full disk above all: nobody would look for it under its name.
                file.giveUp(keeping: false)
                incoming = nil
                try failed(file.entry, error)
            }
        case .skip: break
        case .end(let end, let size):
            guard let file = incoming else { return }
            incoming = nil
            do {
                // Why it is not whole the other end says itself.
                if end == .whole { try put(file, size: size) } else { file.giveUp(keeping: false) }
            } catch let error as Errno {
                file.giveUp(keeping: false)
                try failed(file.entry, error)
            }
        case .done: break
        }
    }

    /// Begins a file, or goes on with what is left of it.
    ///
    /// A small one has its mode from the beginning, which saves a call of the kernel: who may read it then may read it a
    /// moment later in any case. A large one may be cut short and gone on with, for which its owner has to be able to open
    /// it; and where an access list comes with the directory, that list would take rights from a mode given to open(2).
    private mutating func begin(
        _ entry: Int,
        from: UInt64,
        _ stamp: CopyStamp,
        size: UInt64?
    ) throws(Errno) -> IncomingFile {
        let place = try place(entry)
        let stamp = adjusted(stamp, in: place.directory)
        if let left = left.removeValue(forKey: entry) {
            if from == 0 { try left.file.setSize(0) }
            return IncomingFile(place, left, from: from, stamp, hasMode: false)
        }
        let isSmall = size.map { $0 < CopyLimits.worthKeeping } ?? false
        let hasMode = options.masksNothing && isSmall && !options.inheritsAccess(place.directory)
        let file = try UnfinishedFile.make(for: place, mode: hasMode ? stamp.mode : 0o600)
        return IncomingFile(place, file, stamp, hasMode: hasMode)
    }

    private mutating func put(_ file: IncomingFile, size: UInt64) throws {
        if let mark = options.markOrigin {
            // A file without it is worth more than none, and so is whoever is told.
            do throws(Errno) { try file.mark(mark) } catch { report.unmarked = (report.unmarked ?? 0) + 1 }
        }
        try file.complete(size: size)
        if try file.putInPlace(options.renameToUnused) {
            landedSince.append(file.entry)
        } else if let there = try file.place.facts(), let why = try hindrance(there) {
            file.giveUp(keeping: false)
            return refuse(file.entry, why)
        } else {
            try file.replace()
            if let facts = try file.place.facts() { placed.insert(facts.identity) }
        }
        report.files += 1
    }

    /// Why something that has a name may not be replaced.
    private mutating func hindrance(_ there: FileFacts) throws(Errno) -> String? {
        if there.kind == .directory { return "a directory of that name is in its place" }
        return try isOurs(there) && there.links == 1 ? Self.collision : nil
    }

    /// Whether this copy has put something there.
    ///
    /// Files are asked who they are only now: nearly no copy meets anything twice, and each file would be one more call
    /// of the kernel.
    mutating func isOurs(_ there: FileFacts) throws(Errno) -> Bool {
        for number in landedSince {
            if let facts = try place(number).facts() { placed.insert(facts.identity) }
        }
        landedSince = []
        return placed.contains(there.identity)
    }

    // MARK: Places

    mutating func place(_ number: Int) throws(Errno) -> Place {
        let tops = tops
        return try held.place(number, of: tree) { number throws(Errno) in try Self.top(number, tops) }
    }

    mutating func directory(_ number: Int) throws(Errno) -> OpenFile {
        let tops = tops
        return try held.directory(number, of: tree) { number throws(Errno) in try Self.top(number, tops) }
    }

    private static func top(_ number: Int, _ tops: [Int: Place]) throws(Errno) -> Place {
        guard let place = tops[number] else { throw .noSuchFileOrDirectory }
        return place
    }

    /// The stamp of a new file: that of the sender's, without the rights that are masked.
    ///
    /// Where an access list comes with the directory, the rights of the group are the most that
    /// list gives anybody, so they must not be less than the owner's.
    func adjusted(_ stamp: CopyStamp, in directory: OpenFile) -> CopyStamp {
        var stamp = stamp
        stamp.mode &= ~options.mask
        guard options.inheritsAccess(directory) else { return stamp }
        stamp.mode |= (stamp.mode & 0o700) >> 3
        return stamp
    }

    // MARK: Trouble

    static let collision =
        "another of this copy is there already: this file system does not tell their names apart"

    mutating func refuse(_ number: Int, _ why: String) {
        closed.insert(Int32(number))
        report.note(tree.path(number), why, isFailure: true)
    }

    /// Takes note of a failure; one that everything else would meet too ends the copy.
    mutating func failed(_ number: Int, _ error: Errno) throws(Refusal) {
        guard !Self.hopeless.contains(error) else {
            throw Refusal(
                "cannot write \(tree.path(number).shown): \(error)",
                hint: "what is complete stays; the same command goes on from there"
            )
        }
        refuse(number, "\(error)")
    }

    static let hopeless: Set<Errno> = [
        .noSpace, .diskQuotaExceeded, .readOnlyFileSystem, .ioError, .tooManyOpenFiles, .tooManyOpenFilesInSystem,
    ]
}
