/// A version of Lima.
struct LimaVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    var major: Int
    var minor: Int
    var patch: Int

    init(_ major: Int, _ minor: Int, _ patch: Int) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads what `limactl --version` says: `limactl version 2.2.0`, also `v2.2.0-12-g1234567`.
    init?(statement: String) {
        guard let word = statement.split(whereSeparator: \.isWhitespace).dropFirst(2).first else { return nil }
        let release = word.drop { $0 == "v" }.prefix { $0 == "." || ($0.isASCII && $0.isNumber) }
        let numbers = release.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else {
            return nil
        }
        self.init(major, minor, patch)
    }

    var description: String { "\(major).\(minor).\(patch)" }

    static func < (a: Self, b: Self) -> Bool { (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch) }
}
