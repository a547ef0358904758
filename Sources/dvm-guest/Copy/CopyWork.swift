internal import CLinux
internal import DVMProtocol
internal import DVMTransfer
internal import Glibc

/// The guest's end of a copy, by a process that is already whoever the files are of.
enum CopyWork {
    /// Does it, over standard input and output.
    ///
    /// - Throws: a `Refusal`.
    static func run(_ order: CopyOrder) throws(Refusal) -> CopyReport {
        do {
            switch order.role {
            case .send(let sources): return try send(sources, order)
            case .receive(let path, let several, let mustBeDirectory):
                return try receive(path, several: several, mustBeDirectory: mustBeDirectory, order)
            }
        } catch let refusal as Refusal {
            throw refusal
        } catch let violation as ProtocolViolation {
            throw Refusal("this dvm and the guest program do not understand each other: \(violation.what)")
        } catch {
            throw Refusal("the copy failed in the VM: \(error)")
        }
    }

    private static func send(_ sources: [CopyOrder.Source], _ order: CopyOrder) throws -> CopyReport {
        var found: [CopySource] = []
        for source in sources {
            guard let place = try GuardedWalk(guarded: order.guarded, makes: false).place(source.path) else {
                throw Refusal("there is no \(source.path.shown) in the VM")
            }
            found.append(.place(place, as: source.name.bytes, shown: "\(source.path.shown) in the VM"))
        }
        var sender = CopySender(StandardPipe(), recursive: order.recursive, dryRun: order.dryRun)
        return try sender.run(found)
    }

    private static func receive(_ path: RawPath, several: Bool, mustBeDirectory: Bool, _ order: CopyOrder) throws
        -> CopyReport
    {
        let place = try GuardedWalk(guarded: order.guarded, makes: !order.dryRun).place(path)
        var options = CopyReceiver.Options()
        options.dryRun = order.dryRun
        options.mostBytes = order.mostBytes
        var last: (directory: OpenFile, inherits: Bool)?
        options.inheritsAccess = { directory in
            if let last, last.directory === directory { return last.inherits }
            let size = unsafe dvm_get_attribute(directory.number, AccessList.Kind.inherited.rawValue, nil, 0)
            last = (directory, size > 0)
            return size > 0
        }
        // This process does nothing else.
        umask(0)
        options.masksNothing = true
        options.renameToUnused = renameToUnused
        var receiver = CopyReceiver(StandardPipe(), options: options)
        return try receiver.run(
            .place(
                place,
                several: several,
                mustBeDirectory: mustBeDirectory,
                shown: "\(path.shown) in the VM"
            )
        )
    }
}

/// One call where the file system knows it: what comes in between is not replaced either.
private func renameToUnused(_ directory: OpenFile, _ old: [UInt8], _ new: [UInt8]) throws(Errno) -> Bool {
    func text(_ name: [UInt8]) -> [CChar] { name.map(CChar.init(bitPattern:)) + [0] }
    if unsafe dvm_rename_new(directory.number, text(old), text(new)) == 0 { return true }
    switch Errno(rawValue: errno) {
    case .fileExists: return false
    case .invalidArgument: return try directory.rename(old, toUnused: new)
    case let error: throw error
    }
}

/// Standard input and output as the way to the other end.
private final class StandardPipe: CopyPipe {
    private var buffer = [UInt8](repeating: 0, count: 4 * CopyLimits.data)

    func read() throws -> [UInt8] {
        switch Reading.from(.standardInput, into: &buffer) {
        case .bytes(let bytes): Array(bytes)
        case .nothing, .end: []
        }
    }

    func write(_ bytes: ArraySlice<UInt8>) throws {
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
        } catch {
            throw Refusal("the copy was cut short", hint: "the same command goes on from where it was")
        }
    }
}
