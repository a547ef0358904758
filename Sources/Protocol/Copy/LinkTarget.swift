/// The rule for symbolic links that are copied as links: they stay inside what is copied.
public enum LinkTarget {
    /// Whether a link keeps inside, as written and as resolved.
    ///
    /// It may climb at its start, by at most as many directories as are copied above the one it is in, and never
    /// afterwards. The directory of a link is a real one, so the climbing is as written; and what it goes down to next is
    /// an entry, a directory, or a link that keeps this rule itself. A `..` after a name would climb from wherever that
    /// name leads. A link that is in no copied directory would lead to what happens to be beside the copy.
    ///
    /// - Parameters:
    ///   - target: what the link says.
    ///   - depth: how many copied directories it is in.
    /// - Returns: whether it does.
    public static func staysInside(_ target: [UInt8], depth: Int) -> Bool {
        guard depth > 0, target.first != UInt8(ascii: "/"), !target.isEmpty else { return false }
        var climbed = 0
        var descended = false
        for part in target.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual(".".utf8) { continue }
            if part.elementsEqual("..".utf8) {
                climbed += 1
                guard !descended, climbed < depth else { return false }
            } else {
                descended = true
            }
        }
        return true
    }
}
