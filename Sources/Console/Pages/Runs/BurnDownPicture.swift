import Platform
import RecoveryPlan
import Trends

/// The burn-down of a run: the time left of the RTO against the forecast of what is left to do.
struct BurnDownPicture {
    private static let size = (width: 720.0, height: 250.0)
    private static let frame = (left: 62.0, right: 16.0, top: 26.0, bottom: 34.0)

    /// - Returns: nil if there is neither an RTO nor a forecast.
    static func svg(_ run: WatchedRun) -> String? {
        guard run.rto != nil || !run.burnDown.isEmpty else { return nil }
        let start = -run.rtoLead
        let allowed = run.rto.map { max(0, $0 - run.rtoLead) }
        let end = max(run.elapsed + (run.remaining ?? 0), allowed ?? 0, 1)
        let tallest = max(run.rto ?? 0, run.burnDown.map(\.remaining).max() ?? 0, run.remaining ?? 0, 1)
        let unit: (seconds: Double, name: String) =
            tallest > 2 * 3600 ? (3600, "hours") : tallest > 120 ? (60, "minutes") : (1, "seconds")
        let scale = Scale(to: tallest / unit.seconds)
        func x(_ seconds: Double) -> Double {
            frame.left + (seconds - start) / max(1, end - start) * (size.width - frame.left - frame.right)
        }
        func y(_ seconds: Double) -> Double {
            let share = max(0, seconds) / unit.seconds / scale.top
            return size.height - frame.bottom - share * (size.height - frame.top - frame.bottom)
        }
        var picture = SVGText(width: size.width, height: size.height)
        for value in scale.values {
            let height = y(value * unit.seconds)
            picture.line((frame.left, height), (size.width - frame.right, height), style: "grid")
            picture.text(
                Label.number(value), x: frame.left - 8, y: height + 4, style: "axis", anchor: "end")
        }
        let times = Scale(to: max(1, end) / unit.seconds, steps: 6)
        for value in times.values where value * unit.seconds <= end {
            let place = x(value * unit.seconds)
            picture.line((place, size.height - frame.bottom), (place, size.height - frame.bottom + 5), style: "grid")
            picture.text(
                Label.number(value), x: place, y: size.height - frame.bottom + 19, style: "axis", anchor: "middle")
        }
        picture.text("\(unit.name) left", x: frame.left - 30, y: frame.top - 12, style: "axis")
        picture.text(
            "\(unit.name) since the start", x: size.width - frame.right, y: size.height - 2, style: "axis",
            anchor: "end")
        if let rto = run.rto, let allowed {
            picture.curve([(x(start), y(rto)), (x(allowed), y(0))], style: "rto")
        }
        var points = run.burnDown.map { (x: x($0.seconds), y: y($0.remaining)) }
        if let remaining = run.remaining { points.append((x(run.elapsed), y(remaining))) }
        if run.end != nil { points.append((x(run.elapsed), y(0))) }
        if points.count > 1 { picture.curve(points, style: "burn") }
        if run.end == nil {
            picture.line((x(run.elapsed), frame.top), (x(run.elapsed), size.height - frame.bottom), style: "now")
            if let remaining = run.remaining {
                // The forecast of the rest: it ends where the run is expected to end.
                picture.curve([(x(run.elapsed), y(remaining)), (x(run.elapsed + remaining), y(0))], style: "ahead")
            }
        }
        return picture.svg(title: title(run), style: "chart")
    }

    private static func title(_ run: WatchedRun) -> String {
        let left = RunBoard.timeLeft(run) ?? "no RTO"
        return "Burn-down of the recovery time: \(left)" + (RunBoard.outlook(run).map { "; \($0)" } ?? "")
    }
}
