/// How much less of a component a backup holds than the one before it.
///
/// Measures are the files, their bytes, and the time from the oldest to the newest datum. One that was small before says
/// nothing.
struct Shrinkage {
    /// Something that was measured of both backups.
    private struct Measure {
        var before: Int
        var after: Int
        var text: String

        /// True if less than `share` of what was there before is left.
        func isBelow(_ share: Double) -> Bool { Double(after) < Double(before) * share }
    }

    private var measures: [Measure] = []
    private let isEmptied: Bool
    private let hasDatum: Bool
    private let threshold: Double

    /// Below these a measure is not compared: three files that become one are no sign of a loss.
    private static let fewestFiles = 10, fewestBytes = 65_536, shortestSpan = 3_600_000

    /// - Parameters:
    ///   - before: a whole backup of the component.
    ///   - threshold: the share of a measure that may be gone, 0...1.
    init(from before: BackupSet.Component, to after: Manifest, threshold: Double) {
        self.threshold = threshold
        hasDatum = before.watermark != nil
        isEmptied = !before.isEmpty && (after.totals.files == 0 || after.datum == .empty)
        // A server that keeps times merges and splits its files: their number says nothing.
        if before.oldest == nil, before.files >= Self.fewestFiles {
            measures.append(
                Measure(
                    before: before.files, after: after.totals.files,
                    text: "from \(before.files) to \(after.totals.files) files"))
        }
        if before.bytes >= Self.fewestBytes {
            measures.append(
                Measure(
                    before: before.bytes, after: after.totals.bytes,
                    text: "from \(before.bytes) to \(after.totals.bytes) bytes"))
        }
        if let old = Self.span(before.oldest, before.watermark), old >= Self.shortestSpan,
            let new = Self.span(after.oldest, after.watermark)
        {
            measures.append(
                Measure(
                    before: old, after: new,
                    text: "from \(Self.hours(old)) to \(Self.hours(new)) between the oldest and the newest datum"))
        }
    }

    /// True if the backup must not take the place of the one before: it is empty, every measure fell by more than the
    /// threshold, or one of a kind without times fell to a fifth of what the threshold leaves.
    var isCollapse: Bool {
        guard !isEmptied else { return threshold < 1 }
        guard !measures.isEmpty else { return false }
        return measures.allSatisfy { $0.isBelow(1 - threshold) }
            || (!hasDatum && measures.contains { $0.isBelow((1 - threshold) / 5) })
    }

    /// The measures that fell by more than the threshold, in words; nil where none did.
    var text: String? {
        let fallen = measures.filter { $0.isBelow(1 - threshold) }.map(\.text)
        if fallen.isEmpty { return isEmptied ? "to nothing" : nil }
        return fallen.joined(separator: ", ")
    }

    private static func span(_ oldest: Int?, _ newest: Int?) -> Int? {
        guard let oldest, let newest, newest >= oldest else { return nil }
        let (span, overflows) = newest.subtractingReportingOverflow(oldest)
        return overflows ? nil : span
    }

    private static func hours(_ milliseconds: Int) -> String {
        milliseconds >= 3_600_000
            ? "\(milliseconds / 3_600_000) h"
            : milliseconds >= 60_000
                ? "\(milliseconds / 60_000) min" : "\(milliseconds / 1000) s"
    }
}

extension BackupSet.Component {
    /// True if there was nothing in it.
    package var isEmpty: Bool { files == 0 || datum == .empty }
}
