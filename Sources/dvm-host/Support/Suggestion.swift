/// The nearest of some words to one that was misspelt.
enum Suggestion {
    /// The nearest word, if one is near enough to have been meant.
    static func nearest(to word: String, among words: some Sequence<String>) -> String? {
        let limit = max(1, word.count / 3)
        return words.map { (word: $0, distance: distance(word, $0)) }
            .filter { $0.distance <= limit }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
    }

    /// The nearest variable of dvm's, if one is near enough; that all start alike makes none of them nearer.
    static func nearest(toVariable name: String, among names: some Sequence<String>) -> String? {
        let start = "DVM_"
        guard name.hasPrefix(start) else { return nearest(to: name, among: names) }
        let rests = names.filter { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }
        return nearest(to: String(name.dropFirst(start.count)), among: rests).map { start + $0 }
    }

    /// How many letters must be added, dropped, changed or swapped with their neighbour to get from one to the other.
    static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a)
        let b = Array(b)
        // rows[i][j] is the distance between the first i letters of a and the first j of b.
        var rows = [Array(0...b.count)]
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
