/// The documents of each index of a set, from the fact "documents by index" of its manifest: at least the count before
/// the snapshot, and at most the count after it.
struct IndexCounts: Equatable, Sendable {
    static let fact = "documents by index"
    let counts: [String: ClosedRange<Int>]

    /// - Parameter fact: "jaeger-span-2026-11-24 340-350, jaeger-span-2026-11-23 1200". An entry of another form is
    ///   ignored.
    init(fact: String?) {
        var counts: [String: ClosedRange<Int>] = [:]
        for entry in (fact ?? "").split(separator: ",") {
            let words = entry.split(separator: " ")
            guard words.count == 2, let numbers = Self.range(words[1]) else { continue }
            counts[String(words[0])] = numbers
        }
        self.counts = counts
    }

    private static func range(_ text: Substring) -> ClosedRange<Int>? {
        let numbers = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count <= 2, let least = numbers.first ?? nil, let most = numbers.last ?? nil, least >= 0,
            least <= most
        else { return nil }
        return least...most
    }

    /// As text: "1200", "340 to 350".
    static func description(_ count: ClosedRange<Int>) -> String {
        count.lowerBound == count.upperBound ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
    }
}
