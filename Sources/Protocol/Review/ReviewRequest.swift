/// What a host asks about what was done in a VM since somebody last looked.
public enum ReviewRequest: Hashable, Codable, Sendable {
    /// Look, and keep what is found under a name; ends with a `ReviewReport`.
    case look
    /// A person has been shown what was found under this name; ends with a `ReviewMark`.
    case shown(ReviewID)
    /// What a person was shown last counts as reviewed from now on; ends with a `ReviewMark`.
    case done
    /// Write the changes found under this name in the repository of this number to the task's output, as a patch of git's;
    /// ends with a `ReviewMark`.
    case patch(ReviewID, repository: Int)

    /// Refuses what no guest could have offered.
    ///
    /// - Throws: a `Refusal`.
    public func check() throws(Refusal) {
        guard case .patch(_, let number) = self else { return }
        guard (0..<ReviewReport.mostRepositories).contains(number) else {
            throw Refusal("there is no repository of the number \(number)")
        }
    }
}

/// The name under which a guest keeps what it found: 16 hexadecimal digits, safe as a file name.
public struct ReviewID: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The name.
    public let text: String

    /// Reads a name.
    ///
    /// - Throws: a `Refusal` that quotes what is none.
    public init(_ text: String) throws(Refusal) {
        guard text.utf8.count == 16, text.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
            throw Refusal("“\(String(text.prefix(40)).printable)” is not the name of a review")
        }
        self.text = text
    }

    /// The name of a number.
    public init(number: UInt64) {
        let digits = String(number, radix: 16)
        text = String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The name.
    public var description: String { text }

    /// Decodes a name, which is checked: it may come from a stranger.
    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    /// Encodes the name as text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// A review a guest knows of: when it looked, and at how much.
public struct ReviewMark: Hashable, Codable, Sendable {
    /// When the guest looked, in seconds since 1970.
    public var time: Int
    /// How many repositories there were.
    public var repositories: Int

    /// A review.
    public init(time: Int, repositories: Int) {
        self.time = time
        self.repositories = repositories
    }
}
