internal import DVMProtocol
internal import Glibc

/// The descriptors a loop waits for, and what was found ready.
struct PollSet {
    /// What is waited for on a descriptor.
    struct Interest: OptionSet {
        let rawValue: Int16
        static let read = Self(rawValue: Int16(POLLIN))
        static let write = Self(rawValue: Int16(POLLOUT))
    }

    private var entries: [pollfd] = []

    /// Waits for a descriptor too; without an interest, for its failure alone.
    ///
    /// - Returns: its place, for `found`.
    @discardableResult
    mutating func add(_ descriptor: FileDescriptor, _ interest: Interest) -> Int {
        entries.append(pollfd(fd: descriptor.rawValue, events: interest.rawValue, revents: 0))
        return entries.count - 1
    }

    /// Whether anything was found at a place: for loops with too many descriptors to search.
    func found(_ place: Int?) -> Bool { place.map { entries[$0].revents != 0 } ?? false }

    /// Whether nothing was found.
    var isQuiet: Bool { entries.allSatisfy { $0.revents == 0 } }

    /// Waits until something is ready, or for some milliseconds; for ever when they are negative.
    mutating func wait(milliseconds: Int32 = -1) throws(Refusal) {
        _ = try call("poll") { unsafe poll(&entries, nfds_t(entries.count), milliseconds) }
    }

    /// Whether a descriptor was found ready; an end of file or an error counts, the next read or write tells which.
    func ready(_ descriptor: FileDescriptor, _ interest: Interest) -> Bool {
        entries.contains {
            $0.fd == descriptor.rawValue && $0.events & interest.rawValue != 0
                && $0.revents & (interest.rawValue | Int16(POLLHUP | POLLERR | POLLNVAL)) != 0
        }
    }
}
