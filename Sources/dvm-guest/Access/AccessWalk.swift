internal import CLinux
internal import DVMProtocol
internal import Glibc

/// A walk over a project that changes access lists, while an agent may be changing the project.
///
/// Every file is opened once, below the descriptor of its directory, through no link and across no mount; what is looked
/// at is what is changed. So whatever is swapped meanwhile, nothing outside the project is. The process is the owner of
/// the files it changes, and could not change anybody else's.
struct AccessWalk: ~Copyable {
    /// How far down it goes: each level costs a descriptor and a buffer, and a hostile project can be of any depth.
    static let mostLevels = 256

    /// What a list is asked for with at first, in bytes: the kernel clears as much memory as it is asked for, every time,
    /// which for the largest list there can be (64 KiB) took a tenth of the whole walk.
    private static let usualBytes = 1024

    private let plan: AccessPlan
    private let owner = geteuid()
    /// This process's `/proc/self/fd`.
    private let descriptors: OwnedDescriptor
    private(set) var report = AccessReport()
    /// Whether the project has been walked over before.
    private var isAgain = false
    /// Lists that a file, not secret, may have and need no change; so the next one with it is not even opened.
    private var known: [[UInt8]] = []
    /// What was decided lately; most files of a project are alike.
    private var decisions: [(file: AccessPlan.File, change: AccessPlan.Change?)] = []
    private var attribute = [UInt8](repeating: 0, count: AccessList.mostBytes)

    /// - Throws: a `Refusal` when `/proc` does not show this process.
    init(_ order: AccessOrder) throws(Refusal) {
        plan = AccessPlan(order: order)
        let raw = try call("opening /proc/self/fd") {
            unsafe Glibc.open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        descriptors = OwnedDescriptor(FileDescriptor(rawValue: raw))
    }

    /// Walks over the project a descriptor means.
    ///
    /// - Throws: a `Refusal` when its lists cannot be changed at all, or the disk is full.
    mutating func run(_ project: FileDescriptor) throws(Refusal) {
        let raw = try call("opening the project") {
            unsafe dvm_open_below(project.rawValue, ".", O_RDONLY | O_DIRECTORY, 0)
        }
        let top = OwnedDescriptor(FileDescriptor(rawValue: raw))
        let status = try Status.of(top.raw, called: "the project")
        if let list = AccessList(bytes: try read(.access, of: top.raw)) {
            isAgain = list.entries[.user(plan.order.agent)] != nil
        }
        if status.uid == owner { try change(top.raw, status, isTop: true) }
        try directory(top.raw, level: 1)
    }

    // MARK: Directories

    private mutating func directory(_ directory: FileDescriptor, level: Int) throws(Refusal) {
        guard level <= Self.mostLevels else {
            report.deep += 1
            return
        }
        let size = 32 * 1024
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        defer { unsafe buffer.deallocate() }
        guard let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        if skims { _ = fchdir(directory.rawValue) }
        while true {
            let count = unsafe dvm_read_entries(directory.rawValue, start, size)
            guard count > 0 else {
                if count < 0 { report.failed += 1 }
                return
            }
            var offset = 0
            while offset < count {
                let entry = unsafe UnsafePointer(start + offset)
                offset += Int(unsafe dvm_entry_length(entry))
                try unsafe visit(dvm_entry_name(entry), dvm_entry_type(entry), in: directory, level)
            }
        }
    }

    private mutating func visit(
        _ name: UnsafePointer<CChar>,
        _ type: UInt8,
        in directory: FileDescriptor,
        _ level: Int
    ) throws(Refusal) {
        let bytes = unsafe UnsafeBufferPointer(
            start: UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self),
            count: strlen(name)
        )
        if unsafe bytes.elementsEqual([46]) || bytes.elementsEqual([46, 46]) { return }
        var type = type
        if type == DT_UNKNOWN {
            // Some file systems do not keep it in the directory.
            guard let status = unsafe look(name, in: directory) else { return }
            type = status.isDirectory ? UInt8(DT_DIR) : status.isRegular ? UInt8(DT_REG) : UInt8(DT_LNK)
        }
        report.seen += 1
        switch Int(type) {
        case Int(DT_DIR):
            try unsafe enter(name, in: directory, level)
        case Int(DT_REG):
            let isSecret = unsafe plan.order.hidesSecrets && SecretNames.contains(bytes)
            if !isSecret, skims, unsafe isKnown(name) { return }
            // Cheaper than opening, where most files are somebody else's. Only a hint: it is asked again of what is open.
            if plan.order.job == .share, unsafe look(name, in: directory)?.uid != owner { return }
            guard let file = unsafe open(name, in: directory, O_RDONLY | O_NONBLOCK | O_NOCTTY) else { return }
            try regular(file.raw, isSecret: isSecret)
        // Links, pipes, sockets and devices have no list worth having.
        default: return
        }
    }

    private mutating func enter(_ name: UnsafePointer<CChar>, in above: FileDescriptor, _ level: Int) throws(Refusal) {
        guard let directory = unsafe open(name, in: above, O_RDONLY | O_DIRECTORY) else { return }
        let status = try Status.of(directory.raw, called: "a directory of the project")
        if status.uid == owner {
            // What the agent cannot enter needs no change below.
            guard try change(directory.raw, status) != .closed else { return }
        } else {
            report.foreign += 1
        }
        try self.directory(directory.raw, level: level + 1)
        if skims { _ = fchdir(above.rawValue) }
    }

    // MARK: Files

    private mutating func regular(_ file: FileDescriptor, isSecret: Bool) throws(Refusal) {
        let status = try Status.of(file, called: "a file of the project")
        // Swapped since the directory was read.
        guard status.isRegular else { return }
        guard status.uid == owner else {
            report.foreign += 1
            return
        }
        guard status.links == 1 else {
            report.linked += 1
            return
        }
        try change(file, status, isSecret: isSecret)
    }

    /// Whether a file in the current directory has a list that is known to be right.
    ///
    /// A file of another name by now has the agent's own work to thank for it, and is not changed here anyway.
    private mutating func isKnown(_ name: UnsafePointer<CChar>) -> Bool {
        let count = unsafe dvm_get_attribute_here(
            name,
            AccessList.Kind.access.rawValue,
            &attribute,
            Self.usualBytes
        )
        guard count > 0 else { return false }
        return known.contains { $0.count == count && $0.elementsEqual(attribute[..<count]) }
    }

    /// Whether files are looked at by name before they are opened: worth it when most are as they should be already.
    private var skims: Bool { isAgain && plan.order.job == .grant }

    @discardableResult
    private mutating func change(
        _ file: FileDescriptor,
        _ status: Status,
        isTop: Bool = false,
        isSecret: Bool = false
    ) throws(Refusal) -> AccessPlan.Change.Reason? {
        var facts = AccessPlan.File(mode: UInt32(status.mode & 0o7777), group: status.gid)
        facts.isDirectory = status.isDirectory
        facts.isTop = isTop
        facts.isSecret = isSecret
        facts.access = try read(.access, of: file)
        if facts.isDirectory { facts.inherited = try read(.inherited, of: file) }
        guard let change = decide(facts) else {
            report.failed += 1
            return nil
        }
        switch change.reason {
        case .closed: report.closed += 1
        case .secret: report.secrets += 1
        case nil: break
        }
        if change.isNothing {
            if !facts.isDirectory, !isSecret, !facts.access.isEmpty, known.count < 64,
                !known.contains(facts.access)
            {
                known.append(facts.access)
            }
        } else if status.isRegular, dvm_is_named(descriptors.raw.rawValue, file.rawValue) == 0 {
            // It had one name when it was looked at, and that was not the one in the project: a link to a file elsewhere,
            // taken away between opening and looking. In this order nothing is left to chance.
            report.linked += 1
        } else if try apply(change, to: file) {
            report.changed += 1
        } else {
            report.failed += 1
        }
        return change.reason
    }

    private mutating func decide(_ file: AccessPlan.File) -> AccessPlan.Change? {
        if let decision = decisions.first(where: { $0.file == file }) { return decision.change }
        let change = plan.change(for: file)
        if decisions.count == 32 { decisions.removeFirst() }
        decisions.append((file, change))
        return change
    }

    // MARK: The kernel

    /// Opens something in a directory; nothing when it is gone, swapped or out of reach, which is counted.
    private mutating func open(
        _ name: UnsafePointer<CChar>,
        in directory: FileDescriptor,
        _ flags: Int32
    ) -> OwnedDescriptor? {
        let raw = unsafe dvm_open_below(directory.rawValue, name, flags, 1)
        if raw >= 0 { return OwnedDescriptor(FileDescriptor(rawValue: raw)) }
        switch errno {
        case ENOENT, ELOOP, ENOTDIR: break
        case EXDEV: report.elsewhere += 1
        default: report.failed += 1
        }
        return nil
    }

    private func look(_ name: UnsafePointer<CChar>, in directory: FileDescriptor) -> Status? {
        unsafe Status.of(name, in: directory)
    }

    private mutating func read(_ kind: AccessList.Kind, of file: FileDescriptor) throws(Refusal) -> [UInt8] {
        var count = unsafe dvm_get_attribute(file.rawValue, kind.rawValue, &attribute, Self.usualBytes)
        if count < 0, errno == ERANGE {
            count = unsafe dvm_get_attribute(file.rawValue, kind.rawValue, &attribute, attribute.count)
        }
        if count >= 0 { return Array(attribute[..<count]) }
        guard errno == ENODATA else { throw AccessList.refusal(Errno(rawValue: errno), "the project") }
        return []
    }

    /// Carries a change out.
    ///
    /// - Returns: whether all of it was possible: a file can be marked immutable.
    /// - Throws: a `Refusal` when none would be.
    private func apply(_ change: AccessPlan.Change, to file: FileDescriptor) throws(Refusal) -> Bool {
        let raw = file.rawValue
        if change.givesGroup, fchown(raw, uid_t.max, plan.order.group) != 0 { return false }
        if let list = change.access, try !write(.access, list, to: file) { return false }
        if let list = change.inherited, try !write(.inherited, list, to: file) { return false }
        if let setgid = change.setgid {
            // Looked at again: the new list has changed the mode.
            let mode = try Status.of(file, called: "a directory of the project").mode & 0o7777
            return fchmod(raw, setgid ? mode | S_ISGID : mode & ~S_ISGID) == 0
        }
        return true
    }

    private func write(_ kind: AccessList.Kind, _ list: [UInt8], to file: FileDescriptor) throws(Refusal) -> Bool {
        let answer =
            unsafe list.isEmpty
            ? dvm_remove_attribute(file.rawValue, kind.rawValue)
            : dvm_set_attribute(file.rawValue, kind.rawValue, list, list.count)
        guard answer != 0 else { return true }
        switch errno {
        case ENOSPC, EDQUOT, ENOTSUP: throw AccessList.refusal(Errno(rawValue: errno), "the project")
        default: return false
        }
    }
}
