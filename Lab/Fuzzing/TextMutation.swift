package import Lab

/// Changes of a text of lines, such as YAML: words, lines and indentation.
package enum TextMutation {
    package static func apply(to text: [UInt8], _ random: inout CorpusRandom) -> [UInt8] {
        guard random.below(4) > 0 else { return ByteMutation.apply(to: text, &random) }
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        for _ in 0...random.below(3) where !lines.isEmpty { change(&lines, &random) }
        return Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }

    private static func change(_ lines: inout [[UInt8]], _ random: inout CorpusRandom) {
        let place = random.below(lines.count)
        switch random.below(8) {
        case 0: lines.remove(at: place)
        case 1: lines.insert(lines[random.below(lines.count)], at: place)
        case 2: lines[place].insert(contentsOf: Array(repeating: 0x20, count: 1 + random.below(4)), at: 0)
        case 3: lines[place] = Array(lines[place].drop { $0 == 0x20 })
        case 4, 5: setValue(of: &lines[place], &random)
        case 6:
            let levels = [5, 100, 5000][random.below(3)]
            lines[place] += Array(repeating: UInt8(ascii: random.below(2) == 0 ? "[" : "{"), count: levels)
        default: lines.swapAt(place, random.below(lines.count))
        }
    }

    /// Replaces the text after the colon.
    private static func setValue(of line: inout [UInt8], _ random: inout CorpusRandom) {
        let key = line.prefix { $0 != UInt8(ascii: ":") }
        let values =
            HostileValues.strings + HostileValues.numbers + ["*a", "&a [*a]", "!!binary x", "{<<: *a}", "| ", "? x"]
        line = Array(key) + Array(": ".utf8) + Array(values[random.below(values.count)].utf8)
    }
}
