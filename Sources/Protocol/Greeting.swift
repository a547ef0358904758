/// The line with which a guest opens, and the search for it.
///
/// The guest is reached through a login shell, whose profile files may print first; everything before the line is
/// noise, and there is a limit to it.
public struct GreetingScanner: Sendable {
    /// What the guest sends before its first frame.
    ///
    /// It starts with a line feed to end whatever a profile left on the line, and carries a number no shell prints.
    public static let line: [UInt8] = Array("\ndvm-guest link 3f6d0b7c91e24a58\n".utf8)

    /// The most noise skipped before the guest is given up.
    public static let mostNoise = 64 * 1024

    /// What the bytes so far mean.
    public enum Outcome: Hashable, Sendable {
        /// The line has not come yet.
        case waiting
        /// The line came after `noise`; `rest` are the first bytes of frames.
        case greeted(noise: [UInt8], rest: [UInt8])
        /// More than `mostNoise` without the line.
        case tooNoisy
    }

    /// Everything seen before the line.
    public private(set) var seen: [UInt8] = []

    /// A scanner that has seen nothing.
    public init() {}

    /// Takes in bytes and says whether the guest has opened.
    public mutating func feed(_ bytes: ArraySlice<UInt8>) -> Outcome {
        // The line may have begun in what was seen before.
        let from = max(0, seen.count - Self.line.count + 1)
        seen.append(contentsOf: bytes)
        if let start = seen[from...].firstRange(of: Self.line)?.lowerBound {
            let rest = Array(seen[(start + Self.line.count)...])
            seen.removeSubrange(start...)
            return .greeted(noise: seen, rest: rest)
        }
        return seen.count > Self.mostNoise ? .tooNoisy : .waiting
    }
}
