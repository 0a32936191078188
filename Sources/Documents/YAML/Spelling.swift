/// Suggests the intended word for a misspelt one.
package enum Spelling {
    /// Returns " (did you mean 'retention'?)", or the list of words if none is near.
    package static func advice(for word: String, among words: [String]) -> String {
        if let nearest = nearest(to: word, among: words) { return " (did you mean '\(nearest)'?)" }
        return words.isEmpty ? "" : " (known here: \(words.joined(separator: ", ")))"
    }

    /// Returns the nearest word within a third of the letters, at least one; the first of equals.
    package static func nearest(to word: String, among words: [String]) -> String? {
        let measured = words.map { (word: $0, distance: distance(word.lowercased(), $0.lowercased())) }
        guard let best = measured.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, max(word.count, best.word.count) / 3) ? best.word : nil
    }

    /// Returns the optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours
    /// count one each.
    package static func distance(_ first: String, _ second: String) -> Int {
        let a = Array(first), b = Array(second)
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                let substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                row[j] = min(substitution, last[j] + 1, row[j - 1] + 1)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    row[j] = min(row[j], beforeLast[j - 2] + 1)
                }
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
