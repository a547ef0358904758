internal import DVMProtocol

/// Dangers as they are found: each kind and place has room of its own, so that many of one do not hide another.
struct DangerList {
    private struct Key: Hashable {
        var kind: Danger.Kind
        var place: Danger.Place
    }

    private var found: [Key: Sample] = [:]
    /// What was named already, so that it is named once.
    private var known: Set<TreePath> = []

    /// Adds a file, unless it is there for a worse reason.
    mutating func add(_ kind: Danger.Kind, _ place: Danger.Place, _ path: TreePath) {
        guard known.count < 100_000 else { return add(kind, place, text: path.brief) }
        guard known.insert(path).inserted else { return }
        add(kind, place, text: path.brief)
    }

    private mutating func add(_ kind: Danger.Kind, _ place: Danger.Place, text: @autoclosure () -> String) {
        var sample = found[Key(kind: kind, place: place)] ?? Sample()
        sample.count += 1
        if sample.examples.count < Danger.mostPaths {
            sample.examples.append(text())
        }
        found[Key(kind: kind, place: place)] = sample
    }

    /// All of them, in an order that does not change.
    var dangers: [Danger] {
        Danger.Kind.allCases.flatMap { kind in
            Danger.Place.allCases.compactMap { place in
                found[Key(kind: kind, place: place)].map { Danger(kind, place, $0) }
            }
        }
    }
}
