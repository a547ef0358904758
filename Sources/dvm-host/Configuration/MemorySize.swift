internal import DVMProtocol

/// An amount of memory or disk, in whole MiB.
struct MemorySize: Hashable, Comparable, Sendable, CustomStringConvertible {
    let mebibytes: Int

    var bytes: Int { mebibytes << 20 }

    static func gibibytes(_ count: Int) -> Self { Self(mebibytes: count << 10) }

    init(mebibytes: Int) { self.mebibytes = mebibytes }

    /// Reads `4`, `8GiB`, `1.5G` or `512MiB`; a number alone counts GiB.
    ///
    /// `GB` and `G` mean GiB as well: that is how Lima, and every dvm before this one, reads them.
    ///
    /// - Throws: a `Refusal` saying how to write one.
    init(_ text: String) throws(Refusal) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(number.count).drop { $0 == " " }
        let units = ["": 1 << 10, "g": 1 << 10, "m": 1, "t": 1 << 20]
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard let size = units[Self.unit(unit)], (1...2).contains(parts.count), parts[0].count <= 7,
            (1...3).contains(fraction.count), let whole = Int(parts[0]), let digits = Int(fraction)
        else { throw Self.refusal("is not a size") }

        let thousandths = (whole * 1000 + digits * [100, 10, 1][fraction.count - 1]) * size
        guard thousandths % 1000 == 0 else { throw Self.refusal("is not a whole number of MiB") }
        mebibytes = thousandths / 1000
        guard (1...(1 << 30)).contains(mebibytes) else { throw Self.refusal("is no size a VM could have") }
    }

    private static func unit(_ text: Substring) -> String {
        let unit = text.lowercased()
        return switch unit {
        case "g", "gb", "gib": "g"
        case "m", "mb", "mib": "m"
        case "t", "tb", "tib": "t"
        default: unit
        }
    }

    private static func refusal(_ what: String) -> Refusal {
        Refusal(what, hint: "write a number of GiB such as 4, or a size such as 8GiB or 512MiB")
    }

    /// As Lima reads it.
    var description: String { mebibytes % 1024 == 0 ? "\(mebibytes / 1024)GiB" : "\(mebibytes)MiB" }

    static func < (a: Self, b: Self) -> Bool { a.mebibytes < b.mebibytes }
}
