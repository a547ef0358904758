internal import DVMProtocol
internal import DVMTransfer

/// A copy between this computer and a VM, as a person asked for it.
struct Copy {
    var plan: CopyPlan
    var recursive = false
    var dryRun = false
    var asAgent = false
    var mostBytes = CopyLimits.usualBytes

    /// What the guest is asked to be.
    var request: CopyRequest {
        let role: CopyRequest.Role =
            switch plan.direction {
            case .toGuest(let sources, let path): .receive(path, several: sources.count > 1)
            case .fromGuest(let paths, _): .send(paths)
            }
        return CopyRequest(role, recursive: recursive, dryRun: dryRun, asAgent: asAgent, mostBytes: mostBytes)
    }

    /// This computer's end of it, all paths of this computer found.
    ///
    /// - Throws: a `Refusal` for a path that cannot be used.
    func end(_ observer: CopyObserver) throws -> (CopySession) throws -> CopyReport {
        switch plan.direction {
        case .toGuest(let operands, _):
            let sources = try operands.compactMap(source)
            for source in sources { try source.look(recursive: recursive) }
            return { session in
                var sender = CopySender(session, recursive: recursive, dryRun: dryRun, observer: observer)
                return try sender.run(sources)
            }
        case .fromGuest(let paths, let operand):
            let destination = try destination(operand, several: paths.count > 1)
            var options = CopyReceiver.Options()
            options.dryRun = dryRun
            options.mostBytes = mostBytes
            options.expected = paths.map(expected)
            options.mask = Self.mask
            options.markOrigin = { file throws(Errno) in try file.quarantine() }
            return { session in
                var receiver = CopyReceiver(session, options: options, observer: observer)
                return try receiver.run(destination)
            }
        }
    }

    private func source(_ operand: CopyOperand) throws(Refusal) -> CopySource? {
        switch operand {
        case .local(let path): return try LocalPlace.source(path)
        case .stream:
            let now = CopyStamp(mode: 0o644, seconds: Int64(WallClock.now), nanoseconds: 0)
            return .stream(OpenFile(owning: try Self.duplicate(.standardInput)), as: Array("stdin".utf8), now)
        case .guest: return nil
        }
    }

    private func destination(_ operand: CopyOperand, several: Bool) throws(Refusal) -> Destination {
        guard case .local(let path) = operand else {
            return .stream(OpenFile(owning: try Self.duplicate(.standardOutput)))
        }
        return .place(
            try LocalPlace.destination(path, making: !dryRun),
            several: several,
            mustBeDirectory: path.endsWithSlash,
            shown: path.shown
        )
    }

    /// What a source in the VM must be called by the guest, which could send any name, and what it is called here.
    private func expected(_ path: RawPath) -> (sent: [UInt8], placed: [UInt8]) {
        // The code directory as a whole has the name of its VM here.
        if path.bytes.isEmpty { return ([], Array(plan.vm.text.utf8)) }
        if path.meansContents || path == RawPath("~") || path == RawPath("~/") { return ([], []) }
        let name = path.parts.last ?? []
        return (name, name)
    }

    /// The rights that this process gives to nothing it makes.
    ///
    /// It can only be read by setting it: for that moment to one that closes what another thread may just make.
    private static var mask: UInt16 {
        let mask = umask(0o077)
        umask(mask)
        return UInt16(mask & 0o777)
    }

    private static func duplicate(_ stream: FileDescriptor) throws(Refusal) -> Int32 {
        let copy = fcntl(stream.rawValue, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw Refusal("a standard stream cannot be used: \(Errno(rawValue: errno))") }
        return copy
    }
}
