/// The loss of content of a component between two backups.
///
/// Measures are the number of files, their bytes, and the time from the oldest to the newest datum. A measure that was
/// small before is ignored.
struct Shrinkage {
    /// A value that was measured in both backups.
    private struct Measure {
        var before: Int
        var after: Int
        var text: String

        /// Returns true if less than `share` of the earlier value is left.
        func isBelow(_ share: Double) -> Bool { Double(after) < Double(before) * share }
    }

    private var measures: [Measure] = []
    private let isEmptied: Bool
    private let hasDatum: Bool
    private let threshold: Double

    /// Measures below these values are not compared: three files that become one are not a sign of a loss.
    private static let fewestFiles = 10, fewestBytes = 65_536, shortestSpan = 3_600_000

    /// - Parameters:
    ///   - before: a whole backup of the component.
    ///   - threshold: the share of a measure that may be lost, 0...1.
    init(from before: BackupSet.Component, to after: Manifest, threshold: Double) {
        self.threshold = threshold
        hasDatum = before.watermark != nil
        isEmptied = !before.isEmpty && (after.totals.files == 0 || after.datum == .empty)
        // A server that records times merges and splits its files: their number carries no information.
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

    /// True if the backup must not replace the previous one: it is empty, every measure fell by more than the
    /// threshold, or a measure of a kind without times fell to a fifth of the share that the threshold leaves.
    var isCollapse: Bool {
        guard !isEmptied else { return threshold < 1 }
        guard !measures.isEmpty else { return false }
        return measures.allSatisfy { $0.isBelow(1 - threshold) }
            || (!hasDatum && measures.contains { $0.isBelow((1 - threshold) / 5) })
    }

    /// A description of the measures that fell by more than the threshold; nil if none did.
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
    /// True if it held no data.
    package var isEmpty: Bool { files == 0 || datum == .empty }
}
