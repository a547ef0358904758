internal import ArgumentParser
internal import CLinux
internal import DVMProtocol
internal import Glibc

/// How far an account gets at a place.
enum Reach: String, Hashable, Codable {
    case absent
    /// A symbolic link, or behind one: what it leads to was not tried.
    case link
    case closed
    /// It can be read, written, listed or entered.
    case open
}

/// The question how far an account gets at some places, each for itself: whether it gets through the directories above
/// is not asked.
struct ReachOrder: Hashable, Codable {
    var uid: UInt32
    var gid: UInt32
    /// A directory, and who must own it.
    var home: String
    var owner: UInt32
    /// Relative to that directory.
    var inHome: [String]
    /// Absolute.
    var elsewhere: [String]
}

/// `dvm-guest reach`: a process of root's that takes hold of places, becomes the account, and tries.
///
/// What the kernel answers counts, and not what lists and modes seem to say. Held by descriptor, since the account does
/// not get through the home above, which is another wall.
struct ReachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reach",
        abstract: "Try which files an account gets at",
        discussion: "Started by dvm-guest itself; not of use by hand.",
        shouldDisplay: false
    )

    func run() {
        let report = ReportStream.inherited
        do throws(Refusal) {
            let answers = try Self.answers(report.order(ReachOrder.self))
            guard let frame = try? Frame(.result, channel: 0, json: answers) else {
                throw Refusal("there is no room for the answer")
            }
            report.send(frame)
        } catch {
            report.refuse(error)
            Glibc.exit(1)
        }
    }

    static func answers(_ order: ReachOrder) throws(Refusal) -> [String: Reach] {
        let root = OwnedDescriptor(
            FileDescriptor(
                rawValue: try call("opening /") { unsafe open("/", dvm_o_path | O_DIRECTORY | O_CLOEXEC) }
            )
        )
        let home = try Directories.openOwned(FilePath(order.home), by: order.owner)
        let places =
            order.inHome.map { ($0, hold($0, below: home.raw)) }
            + order.elsewhere.map { ($0, hold(String($0.dropFirst()), below: root.raw)) }

        try Capabilities.dropBoundingAndAmbient()
        try Identity.become(uid: order.uid, gid: order.gid, groups: [])
        try Capabilities.dropAll()
        var answers: [String: Reach] = [:]
        for (place, held) in places {
            switch held {
            case .success(let file): answers[place] = isOpen(file) ? .open : .closed
            case .failure(let error):
                switch error {
                case .noSuchFileOrDirectory, .notDirectory: answers[place] = .absent
                case .tooManySymbolicLinkLevels: answers[place] = .link
                default: throw Refusal("\(place.printable) cannot be looked at: \(error)")
                }
            }
        }
        return answers
    }

    /// A descriptor of a place, which needs no right to read; open as long as this process lives.
    private static func hold(_ place: String, below directory: FileDescriptor) -> Result<FileDescriptor, Errno> {
        let raw = unsafe dvm_open_below(directory.rawValue, place, dvm_o_path, 0)
        guard raw >= 0 else { return .failure(Errno(rawValue: errno)) }
        var status = stat()
        guard unsafe fstat(raw, &status) == 0 else { return .failure(Errno(rawValue: errno)) }
        guard status.st_mode & S_IFMT != S_IFLNK else { return .failure(.tooManySymbolicLinkLevels) }
        return .success(FileDescriptor(rawValue: raw))
    }

    /// Whether this process gets at what a descriptor means, in any way.
    private static func isOpen(_ file: FileDescriptor) -> Bool {
        // Opened anew by its name below /proc, so the kernel asks for the rights again. Nothing waits and nothing is
        // changed: not a pipe, and not a file opened for writing without a byte written.
        let name = "/proc/self/fd/\(file.rawValue)"
        for flags in [O_RDONLY, O_WRONLY] {
            let raw = unsafe Glibc.open(name, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
            if raw >= 0 {
                close(raw)
                return true
            }
        }
        let raw = unsafe openat(file.rawValue, ".", dvm_o_path | O_CLOEXEC)
        guard raw >= 0 else { return false }
        close(raw)
        return true
    }
}
