internal import DVMProtocol

/// A filter that looks at the number of a call and nearly nothing else: which numbers pass.
///
/// It holds what libseccomp cannot say: calls that are newer than the library (2.5.4 refuses numbers from 457 on when it
/// builds for another architecture), numbers without an upper end, and lists of what alone is allowed.
struct NumberFilter {
    /// What happens to a number.
    enum Fate: Hashable {
        case decided(SystemCallVerdict)
        /// Allowed when the lower half of the first argument is one of these, otherwise not permitted.
        case whenFirstArgument(isIn: [UInt32])
    }

    let architecture: Architecture
    /// Fates by the first number they are for; each holds up to the next.
    let spans: [(from: UInt32, fate: Fate)]

    /// Lays the fates of all numbers out as spans.
    ///
    /// - Parameters:
    ///   - architecture: The one whose numbers they are.
    ///   - refused: The answers to numbers that do not pass.
    ///   - allowed: Where given, the numbers that alone pass, and how; the others look like an older kernel's.
    init(_ architecture: Architecture, refused: [UInt32: SystemCallRule.Answer], allowed: [UInt32: Fate]? = nil) {
        self.architecture = architecture
        let known = architecture.knownNumbers
        let end = (known.last?.upperBound ?? 0) + 1
        var spans: [(from: UInt32, fate: Fate)] = []
        func add(_ from: UInt32, _ fate: Fate) {
            if spans.last?.fate != fate { spans.append((from, fate)) }
        }
        for number in 0..<end {
            if let answer = refused[number] {
                add(number, .decided(.refuse(answer)))
            } else if known.contains(where: { $0.contains(number) }) {
                add(number, allowed.map { $0[number] ?? .decided(.refuse(.notThere)) } ?? .decided(.allow))
            } else {
                add(number, .decided(.refuse(.notThere)))
            }
        }
        // Without an upper end: a kernel of next year has more calls than this list has numbers.
        add(end, .decided(.refuse(.notThere)))
        if let x32Bit = architecture.x32Bit {
            add(x32Bit, .decided(.kill))
            // -1 is no call but a tracer's word for “make none”; it has the bit too.
            add(.max, .decided(.refuse(.notThere)))
        }
        self.spans = spans
    }

    /// The filter as the kernel takes it.
    var program: SystemCallProgram {
        SystemCallProgram(
            [.loadArchitecture, .ifEqual(architecture.rawValue, pass: 1), .end(.kill), .loadNumber]
                + Self.tree(spans[...])
        )
    }

    /// Finds a number's span by halves: 7 comparisons for 100 spans, and the kernel remembers the numbers that pass.
    private static func tree(_ spans: ArraySlice<(from: UInt32, fate: Fate)>) -> [SystemCallProgram.Instruction] {
        guard spans.count > 1 else { return spans.first.map { leaf($0.fate) } ?? [] }
        let middle = spans.startIndex + spans.count / 2
        let lower = tree(spans[..<middle])
        return [.ifAtLeast(spans[middle].from, pass: lower.count)] + lower + tree(spans[middle...])
    }

    private static func leaf(_ fate: Fate) -> [SystemCallProgram.Instruction] {
        switch fate {
        case .decided(let verdict): [.end(verdict)]
        case .whenFirstArgument(let values):
            [.load(argument: 0)]
                + values.enumerated().map { .ifEqual($0.element, pass: values.count - $0.offset) }
                + [.end(.refuse(.notPermitted)), .end(.allow)]
        }
    }
}
