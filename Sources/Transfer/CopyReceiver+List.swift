internal import DVMProtocol

// What is made of each entry of the list, and what is left to do when all files are there.

extension CopyReceiver {
    /// Decides about a new entry; directories are made at once, links at the end.
    mutating func decide(_ number: Int, _ landing: Landing) throws {
        let node = tree.nodes[number]
        // Only what comes from a stream has an end that nobody knows, and a person must have named that stream.
        guard node.size != nil || options.expected == nil else {
            throw ProtocolViolation("a file of unknown size")
        }
        if node.parent < 0 { try land(number, landing) }
        if closed.contains(node.parent) {
            closed.insert(Int32(number))
            return
        }
        if absent.contains(node.parent) || absent.contains(Int32(number)) {
            absent.insert(Int32(number))
            return node.kind == .file ? try want(number) : ()
        }
        do {
            guard !CopyName.isPart(tree.name(number)) else {
                return refuse(number, "its name is one that dvm keeps for unfinished files")
            }
            switch node.kind {
            case .directory: try prepareDirectory(number)
            case .file: try decideFile(number)
            case .link: break
            }
        } catch let error as Errno {
            try failed(number, error)
        }
    }

    /// Finds the place of an entry at the top.
    mutating func land(_ number: Int, _ landing: Landing) throws {
        var name = tree.name(number)
        if let expected = options.expected {
            guard landed < expected.count, expected[landed].sent == name else {
                throw ProtocolViolation("“\(RawPath(name).shown)” instead of what was asked for")
            }
            name = expected[landed].placed
        }
        landed += 1
        if case .into = landing, tree.nodes[number].size == nil {
            throw Refusal("standard input cannot become a directory", hint: "name the file it is to be")
        }
        switch landing {
        case .into(let directory): tops[number] = Place(directory, name)
        case .named(let place):
            guard landed == 1 else { throw ProtocolViolation("several sources instead of one") }
            tops[number] = place
        case .nowhere: absent.insert(Int32(number))
        }
        guard !name.isEmpty || tree.nodes[number].kind == .directory else {
            throw ProtocolViolation("a file without a name")
        }
    }

    mutating func prepareDirectory(_ number: Int) throws {
        let place = try place(number)
        let known = try place.facts()
        switch known?.kind {
        case nil:
            if options.dryRun {
                absent.insert(Int32(number))
                return
            }
            try place.directory.makeDirectory(place.name)
            made.insert(Int32(number))
        case .directory?: break
        case .link?: return refuse(number, "a link of that name is in its place")
        case .file?, .other?: return refuse(number, "a file of that name is in its place")
        }
        let directory = try directory(number)
        let facts = try FileFacts(of: directory)
        guard placed.insert(facts.identity).inserted else { return refuse(number, Self.collision) }
        // As it must be to be written to; it gets its own mode when everything is in it.
        if !options.dryRun, facts.stamp.mode & 0o700 != 0o700 { try directory.setMode(facts.stamp.mode | 0o700) }
    }

    mutating func decideFile(_ number: Int) throws {
        let node = tree.nodes[number]
        // What is there by the time it comes is found then.
        guard !made.contains(node.parent) else { return try want(number) }
        let place = try place(number)
        guard let facts = try place.facts() else { return try want(number, at: place) }
        switch facts.kind {
        case .directory: refuse(number, "a directory of that name is in its place")
        case .file where facts.size == node.size && facts.stamp.isSameTime(as: node.stamp):
            let stamp = adjusted(node.stamp, in: place.directory)
            let isSameMode = facts.stamp.mode == stamp.mode
            // Its other names may be anywhere, and their mode is nobody's to change here.
            guard isSameMode || facts.links == 1 else { return try want(number, at: place) }
            // With several names of one file this says nothing.
            guard placed.insert(facts.identity).inserted || facts.links > 1 else {
                return refuse(number, Self.collision)
            }
            if !options.dryRun, !isSameMode {
                try place.directory.open(place.name, for: .reading).setMode(stamp.mode)
            }
            report.unchanged += 1
        case .file, .link, .other: try want(number, at: place)
        }
    }

    /// Takes a file for one to ask for when everything is listed.
    mutating func want(_ number: Int, at place: Place? = nil) throws {
        // A Mac gives a process 256 descriptors, and hardly anything ever leaves more than one.
        let place = left.count < 16 && !options.dryRun ? place : nil
        let known = place.flatMap { UnfinishedFile.left(at: $0, of: tree.nodes[number]) }
        left[number] = known?.0
        digests[number] = known?.digest
        wants.append((number, known?.size ?? 0))
    }
}

extension CopyReceiver {
    /// Makes the links, now that nothing is written any more, and then gives directories their mode and time, inner ones
    /// first.
    mutating func finish() throws {
        for number in tree.nodes.indices where tree.nodes[number].kind == .link && !closed.contains(Int32(number)) {
            do { try makeLink(number) } catch let error as Errno { try failed(number, error) }
        }
        for number in tree.nodes.indices.reversed()
        where tree.nodes[number].kind == .directory && !closed.contains(Int32(number)) {
            // What is copied into an existing directory of the receiver's changes nothing of that itself.
            guard tops[number]?.name.isEmpty != true else { continue }
            do {
                let directory = try directory(number)
                try directory.setStamp(adjusted(tree.nodes[number].stamp, in: directory))
            } catch {
                try failed(number, error)
            }
        }
    }

    mutating func makeLink(_ number: Int) throws {
        let place = try place(number)
        let target = tree.target(number)
        if let there = try place.facts() {
            guard there.kind == .link, try !isOurs(there) else {
                return refuse(number, there.kind == .link ? Self.collision : "something of that name is in its place")
            }
            if try place.directory.target(ofLink: place.name) != target {
                try place.directory.remove(place.name)
                try place.directory.makeLink(place.name, to: target)
            }
        } else {
            try place.directory.makeLink(place.name, to: target)
        }
        if let made = try place.facts() { placed.insert(made.identity) }
    }
}
