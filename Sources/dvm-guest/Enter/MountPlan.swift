internal import DVMProtocol

/// What is to be mounted in the sandbox, so that `inner` can compare it with what is.
///
/// Taken from the very options Bubblewrap obeys. Whatever it made of them, by a fault of its own or of the kernel, or
/// because somebody was faster: a mount that nobody ordered, a missing one, or one that can be written and should not,
/// and no tool is started.
struct MountPlan: Hashable, Codable {
    struct Mount: Hashable, Codable {
        var readOnly: Bool
        /// What it shows may have been gone by the time it was mounted.
        var optional = false
    }

    /// Mounts by their place in the sandbox.
    var mounts: [String: Mount] = ["/": Mount(readOnly: false)]

    /// The plan in options for Bubblewrap, as `View` writes them.
    init(options: [String]) {
        var words = options[...]
        func place(_ count: Int) -> String {
            let place = words.prefix(count).last ?? ""
            words = words.dropFirst(count)
            return place
        }
        while let word = words.popFirst() {
            switch word {
            case "--bind": mounts[place(2)] = Mount(readOnly: false)
            case "--ro-bind", "--ro-bind-data": mounts[place(2)] = Mount(readOnly: true)
            case "--ro-bind-try": mounts[place(2)] = Mount(readOnly: true, optional: true)
            case "--proc", "--dev", "--tmpfs": mounts[place(1)] = Mount(readOnly: false)
            case "--remount-ro": mounts[place(1)]?.readOnly = true
            default: break
            }
        }
    }

    /// Adds what root had mounted below a staged directory, which comes along with it.
    mutating func add(_ place: String, readOnly: Bool) { mounts[place] = Mount(readOnly: readOnly) }

    /// What Bubblewrap mounts below `/proc` and `/dev` on its own account.
    private static let ofBubblewrap: Set<String> = [
        "/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus",
        "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/console", "/dev/pts",
        "/dev/shm", "/dev/mqueue",
    ]

    /// Compares the plan with the mounts there are.
    ///
    /// - Parameter text: the text of `/proc/self/mountinfo`, as proc(5) describes it.
    /// - Throws: a `Refusal` that names the first mount that is not as planned.
    func check(_ text: String) throws(Refusal) {
        var missing = mounts.filter { !$0.value.optional }
        var seen: Set<String> = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6 else { throw Self.refusal("a line of mountinfo is not one") }
            let place = Self.unescaped(fields[4])
            let options = Set(fields[5].split(separator: ","))
            missing[place] = nil
            try check(place, readOnly: options.contains("ro"), withoutSetuid: options.contains("nosuid"))
            guard seen.insert(place).inserted else { throw Self.refusal("\(place) is mounted twice") }
        }
        if let place = missing.keys.sorted().first { throw Self.refusal("\(place) is not mounted") }
    }

    private func check(_ place: String, readOnly: Bool, withoutSetuid: Bool) throws(Refusal) {
        guard withoutSetuid else { throw Self.refusal("setuid programs work in \(place)") }
        if let planned = mounts[place] {
            guard readOnly || !planned.readOnly else { throw Self.refusal("\(place) can be written") }
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

    private static func refusal(_ what: String) -> Refusal {
        Refusal("the sandbox is not as planned: \(what.printable)", hint: "run `dvm doctor` for this VM on the host")
    }

    /// A path as mountinfo writes it: blanks and backslashes are octal.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
