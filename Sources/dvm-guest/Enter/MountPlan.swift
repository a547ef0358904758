internal import DVMProtocol

/// What is to be mounted in the sandbox, so that `inner` can compare it with what is.
///
/// Taken from the very options Bubblewrap obeys. Whatever it made of them, by a fault of its own or of the kernel, or
/// because somebody was faster: a mount that nobody ordered, a missing one, one that can be written and should not, or
/// that shows something else than root had staged, and no tool is started.
struct MountPlan: Hashable, Codable {
    struct Mount: Hashable, Codable {
        var readOnly: Bool
        /// What it shows may have been gone by the time it was mounted.
        var optional = false
        /// Whether nothing in it can be run.
        var withoutPrograms = false
        /// Where root has staged it; absent for what is the system's or made by Bubblewrap.
        var staged: String?
        /// What was mounted there.
        var source: MountTable.Source?
    }

    /// Mounts by their place in the sandbox.
    var mounts: [String: Mount] = ["/": Mount(readOnly: false)]

    /// The plan in options for Bubblewrap, as `View` writes them.
    init(options: [String]) {
        var words = options[...]
        func take(_ count: Int, _ mount: Mount) {
            var mount = mount
            if count > 1, let source = words.first, source.hasPrefix(Staging.root + "/") { mount.staged = source }
            mounts[words.prefix(count).last ?? ""] = mount
            words = words.dropFirst(count)
        }
        while let word = words.popFirst() {
            switch word {
            case "--bind": take(2, Mount(readOnly: false))
            case "--ro-bind", "--ro-bind-data": take(2, Mount(readOnly: true))
            case "--ro-bind-try": take(2, Mount(readOnly: true, optional: true))
            case "--proc": take(1, Mount(readOnly: false, withoutPrograms: true))
            case "--dev", "--tmpfs": take(1, Mount(readOnly: false))
            case "--remount-ro":
                mounts[words.first ?? ""]?.readOnly = true
                words = words.dropFirst()
            default: break
            }
        }
    }

    /// Adds what root had mounted below a staged directory, which comes along with it.
    mutating func add(_ place: String, readOnly: Bool, staged: String) {
        mounts[place] = Mount(readOnly: readOnly, staged: staged)
    }

    /// The plan with what everything shows that root has staged: by descriptor, in a namespace nobody else sees.
    func staged(in table: MountTable) -> Self {
        var plan = self
        for (place, mount) in mounts { plan.mounts[place]?.source = mount.staged.flatMap(table.source) }
        return plan
    }

    /// What Bubblewrap mounts below `/proc` and `/dev` on its own account.
    private static let ofBubblewrap: Set<String> = [
        "/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus",
        "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/console", "/dev/pts",
        "/dev/shm", "/dev/mqueue",
    ]
    /// Of those, what are devices.
    private static let devices: Set<String> = [
        "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/console", "/dev/pts",
    ]

    /// Compares the plan with the mounts there are.
    ///
    /// - Parameter text: the text of `/proc/self/mountinfo`, as proc(5) describes it.
    /// - Throws: a `Refusal` that names the first mount that is not as planned.
    func check(_ text: String) throws(Refusal) {
        guard let table = MountTable(text) else { throw Self.refusal("a line of mountinfo is not one") }
        var missing = mounts.filter { !$0.value.optional }
        var seen: Set<String> = []
        for mount in table.entries {
            missing[mount.place] = nil
            try check(mount)
            guard seen.insert(mount.place).inserted else { throw Self.refusal("\(mount.place) is mounted twice") }
        }
        if let place = missing.keys.sorted().first { throw Self.refusal("\(place) is not mounted") }
    }

    private func check(_ mount: MountTable.Entry) throws(Refusal) {
        let place = mount.place
        let readOnly = mount.options.contains("ro")
        guard mount.options.contains("nosuid") else { throw Self.refusal("setuid programs work in \(place)") }
        guard mount.options.contains("nodev") || Self.devices.contains(place) else {
            throw Self.refusal("devices work in \(place)")
        }
        if let planned = mounts[place] {
            guard readOnly || !planned.readOnly else { throw Self.refusal("\(place) can be written") }
            guard mount.options.contains("noexec") || !planned.withoutPrograms else {
                throw Self.refusal("programs can be run in \(place)")
            }
            guard planned.source == nil || planned.source == mount.source else {
                // Also when somebody renamed what it is in, since it was put there.
                throw Self.refusal("\(place) shows something else than was put there", hint: Self.again)
            }
            return
        }
        if Self.ofBubblewrap.contains(place) {
            // Where it covers parts of /proc, it is to keep them from being written.
            guard readOnly || !place.hasPrefix("/proc/") else { throw Self.refusal("\(place) can be written") }
            return
        }
        // A mount of the VM below a part of the system, such as a separate /usr/local, comes along.
        let above = mounts.filter { place.hasPrefix($0.key + "/") }.max { $0.key.utf8.count < $1.key.utf8.count }
        guard let above, above.value.readOnly, above.key != "/", readOnly else {
            throw Self.refusal("there is a mount at \(place) that nobody ordered")
        }
    }

    private static func refusal(_ what: String, hint: String = doctor) -> Refusal {
        Refusal("the sandbox is not as planned: \(what.printable)", hint: hint)
    }

    private static let again = "start it again; if it stays like this, \(doctor)"
    private static let doctor = "run `dvm doctor` for this VM on the host"
}
