import Platform
import RecoveryPlan
import Trends

/// The trend of a scenario: the duration of each validated run, with the range that was forecast before it.
struct DurationPicture {
    private static let size = (width: 720.0, height: 230.0)
    private static let frame = (left: 62.0, right: 16.0, top: 14.0, bottom: 34.0)
    /// The number of runs that the picture has room for.
    static let most = 40

    /// - Parameter rows: validated runs of one scenario, the oldest first.
    /// - Returns: nil without such a run.
    static func svg(_ rows: [RunHistory.Row]) -> String? {
        let rows = rows.suffix(most).filter { $0.actual != nil }
        guard !rows.isEmpty else { return nil }
        let bands = rows.map { row in row.forecast.map { ($0.band90?.low ?? $0.low, $0.band90?.high ?? $0.high) } }
        let rto = rows.last?.rto
        let longest = max(rows.compactMap(\.actual).max() ?? 1, bands.compactMap { $0?.1 }.max() ?? 0, 1)
        // An RTO far above all durations would flatten them.
        let tallest = rto.map { $0 < longest * 4 ? max(longest, $0) : longest } ?? longest
        let unit: (seconds: Double, name: String) =
            tallest > 2 * 3600 ? (3600, "hours") : tallest > 120 ? (60, "minutes") : (1, "seconds")
        let scale = Scale(to: tallest / unit.seconds)
        let inner = size.width - frame.left - frame.right
        func x(_ index: Int) -> Double { frame.left + (Double(index) + 0.5) / Double(rows.count) * inner }
        func y(_ seconds: Double) -> Double {
            let share = min(max(0, seconds), tallest * 2) / unit.seconds / scale.top
            return size.height - frame.bottom - share * (size.height - frame.top - frame.bottom)
        }
        var picture = SVGText(width: size.width, height: size.height)
        for value in scale.values {
            let height = y(value * unit.seconds)
            picture.line((frame.left, height), (size.width - frame.right, height), style: "grid")
            picture.text(Label.number(value), x: frame.left - 8, y: height + 4, style: "axis", anchor: "end")
        }
        picture.text(unit.name, x: frame.left + 6, y: frame.top + 10, style: "axis")
        if let rto, rto <= tallest {
            picture.line((frame.left, y(rto)), (size.width - frame.right, y(rto)), style: "rto")
            picture.text("RTO", x: size.width - frame.right, y: y(rto) - 5, style: "axis", anchor: "end")
        }
        let width = min(26, inner / Double(rows.count) * 0.7)
        for (index, band) in bands.enumerated() {
            guard let (low, high) = band else { continue }
            picture.add(
                "rect",
                [
                    ("x", SVGText.n(x(index) - width / 2)), ("y", SVGText.n(y(high))), ("width", SVGText.n(width)),
                    ("height", SVGText.n(max(2, y(low) - y(high)))), ("class", "band"),
                ])
        }
        if rows.count > 1 {
            picture.curve(rows.enumerated().map { (x($0.offset), y($0.element.actual ?? 0)) }, style: "burn")
        }
        for (index, row) in rows.enumerated() {
            let actual = row.actual ?? 0
            picture.open(
                "circle",
                [
                    ("cx", SVGText.n(x(index))), ("cy", SVGText.n(y(actual))), ("r", "4"), ("class", "dot \(row.tone)"),
                ])
            picture.add("title", [], text: "\(row.started): \(RunWords.duration(actual)), \(row.verdict)")
            picture.close("circle")
        }
        for index in Set([0, rows.count - 1]).sorted() {
            picture.text(
                String(rows[index].started.prefix(10)), x: x(index), y: size.height - 10, style: "axis",
                anchor: rows.count == 1 ? "middle" : index == 0 ? "start" : "end")
        }
        let newest = rows.last.map { "; the newest took \(RunWords.duration($0.actual ?? 0))" } ?? ""
        return picture.svg(
            title: "Durations of \(Units.count(rows.count, "validated run")) with the forecast bands\(newest)",
            style: "chart")
    }
}
