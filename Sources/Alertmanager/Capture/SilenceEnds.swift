internal import Platform

/// The ends of a set's silences, as a fact of its manifest: from them a later check knows how many have not ended yet.
///
/// The text has each minute in which some end, and their number: `29931906:3 29931960:1`, minutes since 1970.
package struct SilenceEnds: Equatable, Sendable {
    static let fact = "silences by minute of end"
    private static let minute = 60_000
    /// Minutes that are written one by one. Those that end later count as ending in the last of them.
    private static let longestList = 500

    private(set) var counts: [Int: Int] = [:]

    /// - Parameter silences: those that have not ended.
    init(_ silences: [Silence]) {
        for silence in silences { counts[silence.endsAt / Self.minute, default: 0] += 1 }
    }

    /// - Parameter fact: of a manifest; parts of it that are not numbers do not count.
    init(fact: String?) {
        for part in (fact ?? "").split(separator: " ") {
            let numbers = part.split(separator: ":").map { Int($0) }
            guard numbers.count == 2, let minute = numbers[0], let count = numbers[1],
                DocumentRange.sizes.contains(count)
            else { continue }
            counts[minute] = (counts[minute] ?? 0).addingClamped(count)
        }
    }

    var text: String {
        var kept = counts.sorted { $0.key < $1.key }
        if kept.count > Self.longestList {
            let later = kept[Self.longestList...].map(\.value).clampedSum()
            kept = Array(kept.prefix(Self.longestList))
            kept[Self.longestList - 1].value = kept[Self.longestList - 1].value.addingClamped(later)
        }
        return kept.map { "\($0.key):\($0.value)" }.joined(separator: " ")
    }

    /// Silences that have not ended at a time, at least: those that end within its minute are not counted.
    /// - Parameter now: milliseconds since 1970.
    func remaining(at now: Int) -> Int {
        counts.filter { $0.key > now / Self.minute }.map(\.value).clampedSum()
    }
}
