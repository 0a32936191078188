import BackupRepository
import Glibc
import Operations
import Platform

/// A picture of all sets: one row for each retention tier, a mark for each set. The axis is logarithmic, so that the last
/// hours and the last years both have room. At most one mark a pixel: ten thousand sets make a small picture.
struct SetTimeline {
    var svg: String

    private static let width = 900, left = 76, rowHeight = 22, top = 6
    private static let hour = 3600.0

    /// - Parameter rows: the sets, the oldest first.
    /// - Returns: nil if there are no sets.
    init?(_ rows: [SetShelf.Row], now: Timestamp) {
        guard let oldest = rows.first?.set.name else { return nil }
        let span = max(24 * Self.hour, Double(now.seconds.subtractingClamped(oldest.seconds)))
        let room = Double(Self.width - Self.left - 12)
        func x(_ seconds: Double) -> Int {
            let share = log(1 + max(0, seconds) / Self.hour) / log(1 + span / Self.hour)
            return Self.width - 12 - Int(clamping: (share * room).rounded())
        }
        var marks: [String: [Int: (isBad: Bool, isVerified: Bool)]] = [:]
        for row in rows {
            let place = x(Double(now.seconds.subtractingClamped(row.set.name.seconds)))
            let isBad = row.marks.isDamaged || row.isKept && !row.set.isComplete
            for lane in SetsView.lanes(of: row) {
                let known = marks[lane]?[place] ?? (false, false)
                marks[lane, default: [:]][place] = (known.isBad || isBad, known.isVerified || row.marks.verified != nil)
            }
        }
        let lanes = SetsView.lanes.filter { marks[$0] != nil }
        let height = Self.top + lanes.count * Self.rowHeight + 24
        var parts = [
            "<svg class=\"sets\" viewBox=\"0 0 \(Self.width) \(height)\" width=\"\(Self.width)\" height=\"\(height)\" "
                + "role=\"img\" aria-label=\"\(Self.label(marks, lanes))\">"
        ]
        for (seconds, text) in Self.ticks where seconds < span {
            let place = x(seconds)
            parts.append(
                "<line class=\"tick\" x1=\"\(place)\" x2=\"\(place)\" y1=\"\(Self.top)\" y2=\"\(height - 20)\"/>"
                    + "<text class=\"axis\" x=\"\(place)\" y=\"\(height - 6)\" text-anchor=\"middle\">\(text)</text>")
        }
        for (number, lane) in lanes.enumerated() {
            let y = Self.top + number * Self.rowHeight
            parts.append("<text class=\"lane\" x=\"0\" y=\"\(y + 15)\">\(lane)</text>")
            for (place, mark) in (marks[lane] ?? [:]).sorted(by: { $0.key < $1.key }) {
                // An expired set needs no attention, unless it is damaged.
                let kind = mark.isBad ? "bad" : lane == "expired" ? "gone" : mark.isVerified ? "verified" : "kept"
                // The height differs too: colour alone is not enough.
                let (top, tall) = kind == "bad" ? (y + 2, 18) : kind == "gone" ? (y + 8, 6) : (y + 5, 12)
                parts.append("<rect class=\"\(kind)\" x=\"\(place - 2)\" y=\"\(top)\" width=\"3\" height=\"\(tall)\"/>")
            }
        }
        parts.append("</svg>")
        svg = parts.joined()
    }

    private static let ticks: [(Double, String)] = [
        (hour, "1 h"), (6 * hour, "6 h"), (24 * hour, "1 d"), (7 * 24 * hour, "1 w"), (30 * 24 * hour, "1 mo"),
        (182 * 24 * hour, "6 mo"), (365 * 24 * hour, "1 y"), (3 * 365 * 24 * hour, "3 y"), (7 * 365 * 24 * hour, "7 y"),
    ]

    private static func label(_ marks: [String: [Int: (isBad: Bool, isVerified: Bool)]], _ lanes: [String]) -> String {
        "Timeline with \(lanes.count) rows: \(lanes.joined(separator: ", ")). The table below lists the sets."
    }
}
