import BackupRepository
import Glibc
import Operations
import Platform

/// A picture of all sets: one row for each retention tier, a mark for each set. The axis is logarithmic, so that the last
/// hours and the last years both have room. At most one mark a pixel: ten thousand sets make a small picture.
///
/// It is drawn twice, for screens and for phones; the style sheet shows one of them.
struct SetTimeline {
    var svg: String

    private static let left = 76, rowHeight = 22, top = 6
    private static let hour = 3600.0
    /// The distance in pixels from one label of the axis to the next.
    private static let labelWidth = 34

    /// - Parameter rows: the sets, the oldest first.
    /// - Returns: nil if there are no sets.
    init?(_ rows: [SetShelf.Row], now: Timestamp) {
        guard !rows.isEmpty else { return nil }
        svg =
            Self.picture(rows, now: now, style: "sets", width: 900)
            + Self.picture(rows, now: now, style: "sets narrow", width: 340)
    }

    private static func picture(_ rows: [SetShelf.Row], now: Timestamp, style: String, width: Int) -> String {
        let oldest = rows.first?.set.name ?? now
        let span = max(24 * Self.hour, Double(now.seconds.subtractingClamped(oldest.seconds)))
        let room = Double(width - Self.left - 12)
        func x(_ seconds: Double) -> Int {
            let share = log(1 + max(0, seconds) / Self.hour) / log(1 + span / Self.hour)
            return width - 12 - Int(clamping: (share * room).rounded())
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
            "<svg class=\"\(style)\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" height=\"\(height)\" "
                + "role=\"img\" aria-label=\"\(Self.label(marks, lanes))\">"
        ]
        var last = Int.max
        for (seconds, text) in Self.ticks where seconds < span {
            let place = x(seconds)
            guard last - place >= Self.labelWidth else { continue }
            last = place
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
        return parts.joined()
    }

    private static let ticks: [(Double, String)] = [
        (hour, "1 h"), (6 * hour, "6 h"), (24 * hour, "1 d"), (7 * 24 * hour, "1 w"), (30 * 24 * hour, "1 mo"),
        (182 * 24 * hour, "6 mo"), (365 * 24 * hour, "1 y"), (3 * 365 * 24 * hour, "3 y"), (7 * 365 * 24 * hour, "7 y"),
    ]

    private static func label(_ marks: [String: [Int: (isBad: Bool, isVerified: Bool)]], _ lanes: [String]) -> String {
        "Timeline with \(lanes.count) rows: \(lanes.joined(separator: ", ")). The table below lists the sets."
    }
}
