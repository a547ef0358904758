/// The entries of a directory, sorted by name.
///
/// All of them are in memory at once, and an agent makes as many as it likes. In one buffer they take as much as their
/// names are long and eight bytes for each; an array for each name would take a hundred more.
struct DirectoryEntries: RandomAccessCollection, ExpressibleByArrayLiteral {
    /// Where a name is in the buffer: 255 bytes of at most some millions of names.
    private struct Place {
        var start: UInt32
        var length: UInt8
        var kind: ProjectTree.Entry.Kind

        var range: Range<Int> { Int(start)..<Int(start) + Int(length) }
    }

    private var names: [UInt8] = []
    private var places: [Place] = []

    /// The entries, in whatever order they come.
    init(arrayLiteral elements: ProjectTree.Entry...) {
        for entry in elements { append(entry.name, entry.kind) }
        sort()
    }

    var startIndex: Int { 0 }
    var endIndex: Int { places.count }

    subscript(index: Int) -> ProjectTree.Entry {
        ProjectTree.Entry(name: Array(names[places[index].range]), kind: places[index].kind)
    }

    /// Adds one at the end, until they are sorted again.
    mutating func append(_ name: [UInt8], _ kind: ProjectTree.Entry.Kind) {
        places.append(Place(start: UInt32(names.count), length: UInt8(name.count), kind: kind))
        names += name
    }

    /// So that what is found first does not depend on the file system.
    mutating func sort() {
        let names = names
        places.sort { one, other in names[one.range].lexicographicallyPrecedes(names[other.range]) }
    }

    /// Whether there is one of that name.
    func contains(name: String) -> Bool {
        places.contains { names[$0.range].elementsEqual(name.utf8) }
    }
}
