package import DVMProtocol

/// Something to be sent.
package enum CopySource {
    /// A file or directory, and what it is called at the other end; no name means what is in the directory.
    case place(Place, as: [UInt8], shown: String)
    /// A stream of unknown length, as a file.
    case stream(OpenFile, as: [UInt8], CopyStamp)
}

extension CopySource {
    /// Looks at what is to be sent, before anything is.
    ///
    /// - Parameter recursive: whether directories are sent, too.
    /// - Returns: what is there; nothing for a stream.
    /// - Throws: a `Refusal` for what is not there, or cannot be sent at all.
    @discardableResult
    package func look(recursive: Bool) throws(Refusal) -> FileFacts? {
        guard case .place(let place, _, let shown) = self else { return nil }
        let found: FileFacts?
        do { found = try place.facts() } catch { throw Refusal("cannot look at \(shown): \(error)") }
        guard let facts = found else { throw Refusal("there is no \(shown)") }
        switch facts.kind {
        case .link: throw Refusal("\(shown) is a link", hint: "name what it leads to, or the directory it is in")
        case .other: throw Refusal("\(shown) is neither a file nor a directory")
        case .directory where !recursive: throw Refusal("\(shown) is a directory", hint: "-r copies directories")
        case .file, .directory: return facts
        }
    }
}

/// What a copy tells while it works.
package struct CopyObserver {
    /// Told once what there is, and which entries of it travel.
    package var planned: (CopyTree, [Int]) throws -> Void
    /// Told how many bytes of data have just travelled.
    package var moved: (Int) -> Void

    package init(planned: @escaping (CopyTree, [Int]) throws -> Void, moved: @escaping (Int) -> Void) {
        self.planned = planned
        self.moved = moved
    }

    /// Nobody looks.
    package static var none: Self { Self(planned: { _, _ in }, moved: { _ in }) }
}

/// The end of a copy that lists and reads.
package struct CopySender {
    private var writer: RecordWriter
    private var reader: RecordReader
    private let recursive: Bool
    private let dryRun: Bool
    private let observer: CopyObserver

    private var tree = CopyTree()
    private var report = CopyReport()
    private var tops: [Int: CopySource] = [:]
    private var held = HeldDirectories()

    package init(_ pipe: any CopyPipe, recursive: Bool, dryRun: Bool, observer: CopyObserver = .none) {
        writer = RecordWriter(pipe)
        reader = RecordReader(pipe, from: .receiver)
        self.recursive = recursive
        self.dryRun = dryRun
        self.observer = observer
    }

    /// Sends everything the other end wants.
    ///
    /// - Throws: a `Refusal` for what cannot be copied at all, or `ProtocolViolation`.
    package mutating func run(_ sources: [CopySource]) throws -> CopyReport {
        for source in sources { try list(source) }
        try send(.listed(entries: UInt32(tree.nodes.count)))
        try writer.flush()

        let wants = try readWants()
        try observer.planned(tree, wants.map(\.entry))
        if !dryRun { for want in wants { try send(want) } }
        try writer.send(.done(bytes: report.bytes))
        try writer.flush()
        return report
    }

    private mutating func send(_ record: CopyRecord) throws {
        do {
            _ = try tree.add(record)
        } catch {
            // Our own list: what is wrong with it is how much there is.
            throw Refusal("this cannot be copied at once: \(error.what)", hint: "copy parts of it one after the other")
        }
        try writer.send(record)
    }

    // MARK: The list

    private mutating func list(_ source: CopySource) throws {
        tops[tree.nodes.count] = source
        switch source {
        case .stream(_, let name, let stamp): try send(.file(name: name, stamp, size: nil, stored: 0))
        case .place(let place, let name, let shown):
            guard let facts = try source.look(recursive: recursive) else { return }
            guard facts.kind == .directory else {
                return try send(.file(name: name, facts.stamp, size: facts.size, stored: facts.stored))
            }
            do {
                let directory = try place.open()
                try list(directory, try FileFacts(of: directory), as: name)
            } catch let error as Errno {
                throw Refusal("cannot read \(shown): \(error)")
            }
        }
    }

    private mutating func list(_ directory: OpenFile, _ facts: FileFacts, as name: [UInt8]) throws {
        let names = try directory.names()
        try send(.directory(name: name, facts.stamp))
        for name in names where !CopyName.isPart(name) { try listEntry(name, in: directory, device: facts.device) }
        try send(.up)
    }

    private mutating func listEntry(_ name: [UInt8], in directory: OpenFile, device: UInt64) throws {
        do {
            // Removed since the directory was read: as if it had never been there.
            guard let facts = try FileFacts(of: name, in: directory) else { return }
            guard CopyName.isUsable(name), tree.fits(name, directory: facts.kind == .directory) else {
                return skip(name, "its path is too long", isFailure: true)
            }
            switch facts.kind {
            case .file: try send(.file(name: name, facts.stamp, size: facts.size, stored: facts.stored))
            case .directory:
                let below = try directory.open(name, for: .directory)
                // What was opened counts, which need not be what was there a moment ago.
                let facts = try FileFacts(of: below)
                guard facts.device == device else {
                    return skip(name, "another file system is mounted there", isFailure: false)
                }
                try list(below, facts, as: name)
            case .link:
                let target = try directory.target(ofLink: name)
                guard LinkTarget.staysInside(target, depth: tree.level) else {
                    return skip(name, "a link that leads out of what is copied", isFailure: false)
                }
                try send(.link(name: name, target: target))
            case .other: skip(name, "neither a file nor a directory", isFailure: false)
            }
        } catch let error as Errno {
            skip(name, "\(error)", isFailure: true)
        }
    }

    private mutating func skip(_ name: [UInt8], _ why: String, isFailure: Bool) {
        let above = tree.current >= 0 ? tree.path(Int(tree.current)).bytes : []
        let path = above == [UInt8(ascii: ".")] || above.isEmpty ? name : above + [UInt8(ascii: "/")] + name
        report.note(RawPath(path), why, isFailure: isFailure)
    }

    private mutating func readWants() throws -> [Want] {
        var wants: [Want] = []
        while true {
            switch try reader.next() {
            case .want(let entry, let from, let digest):
                guard tree.nodes.indices.contains(Int(entry)), tree.nodes[Int(entry)].kind == .file,
                    Int(entry) > wants.last?.entry ?? -1
                else { throw ProtocolViolation("a file that was asked for and is not in the list") }
                wants.append(Want(entry: Int(entry), from: from, digest: digest))
            default: return wants
            }
        }
    }

    private struct Want {
        var entry: Int
        var from: UInt64
        var digest: CopyDigest
    }

    // MARK: The contents

    private mutating func send(_ want: Want) throws {
        let node = tree.nodes[want.entry]
        let entry = UInt32(want.entry)
        if case .stream(let file, _, let stamp)? = tops[want.entry] {
            try writer.send(.content(entry: entry, from: 0, stamp, size: nil))
            return try writer.send(.end(try sendStream(file)))
        }
        var begun = false
        do {
            let place = try place(want.entry)
            let file = try place.directory.open(place.name, for: .reading)
            let facts = try FileFacts(of: file)
            guard facts.kind == .file else { throw Errno.noSuchFileOrDirectory }
            let from = try isContinued(want, file, facts) ? want.from : 0
            try writer.send(.content(entry: entry, from: from, facts.stamp, size: facts.size))
            begun = true
            let isComplete = try sendExtents(of: file, facts, from: from)
            let after = try FileFacts(of: file)
            // What was only added to is a whole file of a moment ago.
            let isSame = after.size > facts.size || after.size == facts.size && after.stamp == facts.stamp
            try end(isComplete && isSame ? .whole : .changed, want.entry)
        } catch let error as Errno {
            if !begun { try writer.send(.content(entry: entry, from: 0, node.stamp, size: node.size)) }
            report.note(tree.path(want.entry), "\(error)", isFailure: true)
            try writer.send(.end(.unreadable))
        }
    }

    private mutating func end(_ end: CopyRecord.End, _ entry: Int) throws {
        if end == .whole {
            report.files += 1
        } else {
            report.note(tree.path(entry), "it changed while it was read", isFailure: true)
        }
        try writer.send(.end(end))
    }

    private mutating func place(_ entry: Int) throws(Errno) -> Place {
        let tops = tops
        return try held.place(entry, of: tree) { number throws(Errno) in
            guard case .place(let place, _, _)? = tops[number] else { throw .noSuchFileOrDirectory }
            return place
        }
    }

    /// Whether what the other end has is the beginning of this file.
    private func isContinued(_ want: Want, _ file: OpenFile, _ facts: FileFacts) throws(Errno) -> Bool {
        // Nobody is to have a terabyte of holes read through.
        guard want.from > 0, want.from <= facts.size, facts.stored >= facts.size else { return false }
        return try CopyDigest.ofBeginning(of: file, count: want.from, under: want.digest.key) == want.digest
    }

    private mutating func sendExtents(of file: OpenFile, _ facts: FileFacts, from start: UInt64) throws -> Bool {
        var position = start
        while facts.stored < facts.size, position < facts.size {
            let extent: Range<UInt64>?
            do { extent = try file.extent(from: position) } catch { break }
            let data = min(extent?.lowerBound ?? facts.size, facts.size)
            if data > position { try writer.send(.hole(data - position)) }
            position = data
            let end = min(extent?.upperBound ?? facts.size, facts.size)
            guard try sendData(of: file, &position, to: end) else { return false }
        }
        return try sendData(of: file, &position, to: facts.size)
    }

    private mutating func sendData(of file: OpenFile, _ position: inout UInt64, to end: UInt64) throws -> Bool {
        while position < end {
            let offset = position
            let count = try unsafe writer.sendData(Int(min(end - position, UInt64(CopyLimits.data)))) {
                buffer throws(Errno) in
                try unsafe file.read(into: buffer, at: offset)
            }
            guard count > 0 else { return false }
            moved(count)
            position += UInt64(count)
        }
        return true
    }

    private mutating func sendStream(_ file: OpenFile) throws -> CopyRecord.End {
        do {
            while true {
                try writer.pipe.wait(toRead: file)
                let count = try unsafe writer.sendData(CopyLimits.data) { buffer throws(Errno) in
                    try unsafe file.read(into: buffer, at: nil)
                }
                guard count > 0 else { break }
                moved(count)
            }
            // Ctrl-C ends whoever writes, too: then this is the end of the stream, and not of what it was to be. The stream
            // itself is not waited for: a terminal, whose Ctrl-D has been read now, goes on after it.
            try writer.pipe.lookAfterTheEnd()
        } catch let error as Errno {
            throw Refusal("cannot read standard input: \(error)")
        }
        report.files += 1
        return .whole
    }

    private mutating func moved(_ count: Int) {
        report.bytes += UInt64(count)
        observer.moved(count)
    }
}

extension CopyDigest {
    /// The digest of the first bytes of a file; of fewer when it has fewer.
    static func ofBeginning(of file: OpenFile, count: UInt64, under key: Words) throws(Errno) -> Self {
        var hash = CopyHash(under: key)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var position: UInt64 = 0
        while position < count {
            let size = Int(min(UInt64(buffer.count), count - position))
            var got = 0
            do {
                got = try unsafe buffer.withUnsafeMutableBytes {
                    try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<size]), at: position)
                }
            } catch let error as Errno { throw error } catch { throw .ioError }
            guard got > 0 else { break }
            hash.update(buffer[..<got])
            position += UInt64(got)
        }
        return hash.digest
    }
}
