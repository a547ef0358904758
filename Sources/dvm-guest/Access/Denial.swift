internal import CLinux
internal import DVMProtocol
internal import Glibc

/// Places below one directory that are to be closed to the agent's account.
struct DenialOrder: Hashable, Codable {
    var agent: UInt32
    /// Relative to the directory on standard input.
    var places: [String]

    /// Closes them, as whoever this process is; says in the same order what became of each.
    func run() -> [Denial] { places.map { Denial.close($0, below: .standardInput, to: agent) } }
}

/// What became of a place that was to be closed.
enum Denial: Hashable, Codable {
    case absent
    /// Open to nobody but its owner: it is left so.
    ///
    /// An entry needs a mask, which programs take for rights of the group: `ssh` refuses a key with mode 0610.
    case closedByMode
    /// By an entry that was there or, when `anew`, is now.
    case closedByEntry(anew: Bool)
    /// Reached through a symbolic link, which is not followed.
    case link
    /// Could not be closed.
    case failed(Refusal)

    /// Closes a place below a directory to the agent, leaving everybody else what they have.
    ///
    /// A refusal calls it by another name, when it has one.
    static func close(
        _ place: String,
        below directory: FileDescriptor,
        to agent: UInt32,
        called name: String? = nil
    ) -> Self {
        let name = (name ?? place).printable
        let raw = unsafe dvm_open_below(directory.rawValue, place, dvm_o_path, 0)
        guard raw >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: return .absent
            case ELOOP: return .link
            default: return .failed(Refusal("\(name) cannot be opened: \(Errno(rawValue: errno))"))
            }
        }
        let file = OwnedDescriptor(FileDescriptor(rawValue: raw))
        do throws(Refusal) {
            let status = try Status.of(file.raw, called: name)
            if status.isSymbolicLink { return .link }
            if status.mode & 0o077 == 0 { return .closedByMode }
            return .closedByEntry(anew: try AccessList.deny(uid: agent, on: file.raw, path: name))
        } catch {
            return .failed(error)
        }
    }
}
