/// The name of a session: when it started and four random digits, such as `20261121-153012-9f3a`.
///
/// Sorts by age, and is safe as a file name.
public struct SessionID: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    /// The name.
    public let text: String

    /// Reads a name.
    ///
    /// - Throws: a `Refusal` that quotes what is no session's name.
    public init(_ text: String) throws(Refusal) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let digits = "0123456789abcdef"
        guard parts.map(\.count) == [8, 6, 4], parts.joined().allSatisfy(digits.contains) else {
            throw Refusal("“\(text.printable)” is not the name of a session", hint: "`dvm sessions` lists them")
        }
        self.text = text
    }

    /// The session that started at a time, in seconds since 1970, told apart from others of that second by a number.
    public init(seconds: Int, salt: UInt16) {
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86400)
        // Days since 1970 to a date of the Gregorian calendar, by Hinnant's `civil_from_days` (public domain).
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * part + 2) / 5 + 1
        let month = part < 10 ? part + 3 : part - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func padded(_ number: Int, _ width: Int, radix: Int = 10) -> String {
            let text = String(number, radix: radix)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        text =
            padded(year, 4) + padded(month, 2) + padded(day, 2) + "-" + padded(rest / 3600, 2)
            + padded(rest % 3600 / 60, 2) + padded(rest % 60, 2) + "-" + padded(Int(salt), 4, radix: 16)
    }

    /// Decodes a name, which is checked again.
    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Encodes the name.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// The name.
    public var description: String { text }

    /// Older sessions come first.
    public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}
