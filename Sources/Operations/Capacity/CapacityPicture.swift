import BackupRepository
import Trends

/// A chart for each resource: the measurements, the trend, its 95 % interval and the thresholds.
package struct CapacityPicture {
    private let measured: [MeasuredResource]
    private let report: CapacityReport

    private static let left = 112.0, width = 1000.0, height = 120.0, distance = 190.0, top = 96.0
    private static let ink = "#1f2933", faint = "#e3e8ee", muted = "#66758a"
    private var inner: Double { Self.width - Self.left - 40 }

    /// - Parameter report: the report on the same resources, in the same order.
    package init(_ measured: [MeasuredResource], _ report: CapacityReport) {
        self.measured = measured
        self.report = report
    }

    package var svg: String {
        let shown = zip(measured, report.resources).filter { !$0.0.samples.isEmpty }
        var drawing = Drawing(width: Self.width, height: Self.top + Double(max(1, shown.count)) * Self.distance)
        drawing.text("Capacity", x: 24, y: 34, size: 20, fill: Self.ink, bold: true)
        drawing.text(
            "measured until \(report.at.readable) UTC, with a forecast of one year", x: 24, y: 56, size: 13,
            fill: Self.muted)
        if shown.isEmpty { drawing.text("no data", x: 24, y: 90, size: 13, fill: Self.muted) }
        for (index, (measured, row)) in shown.enumerated() {
            draw(measured, row, top: Self.top + Double(index) * Self.distance, into: &drawing)
        }
        return drawing.svg(title: "Capacity at \(report.at.readable) UTC")
    }

    private func draw(
        _ measured: MeasuredResource, _ row: CapacityReport.Row, top: Double, into drawing: inout Drawing
    ) {
        let now = Double(report.at.seconds), first = measured.samples.first?.x ?? now
        let end = now + Horizon.year.seconds
        let regression = LinearRegression(measured.samples)
        let limits = [(row.warning?.value, "#ca8a04"), (row.critical?.value, "#b91c1c")]
        let largest = max(
            measured.samples.map(\.value).max() ?? 0, row.forecasts.last?.high ?? 0, limits.compactMap(\.0).max() ?? 0)
        let scale = Scale(to: largest, steps: 3)
        func place(_ time: Double, _ value: Double) -> (x: Double, y: Double) {
            (
                Self.left + inner * (time - first) / max(end - first, 1),
                top + Self.height * (1 - min(max(value, 0), scale.top) / scale.top)
            )
        }
        drawing.text("\(row.title): \(row.urgency)", x: 24, y: top - 12, size: 13, fill: Self.ink, bold: true)
        for value in scale.values {
            let y = place(first, value).y
            drawing.line(from: (Self.left, y), to: (Self.left + inner, y), stroke: Self.faint)
            drawing.text(row.unit.text(value), x: Self.left - 10, y: y + 4, anchor: .end, size: 11, fill: Self.muted)
        }
        if let regression {
            // One point per eight days, since the ends of the interval are curves.
            let ahead = stride(from: now, through: end, by: 8 * 86_400).map { regression.forecast(at: $0) }
            drawing.band(
                ahead.map { place($0.x, $0.high) }, ahead.map { place($0.x, $0.low) }, fill: "#dbe7fd")
            drawing.curve(
                [first, now, end].map { place($0, regression.forecast(at: $0).value) }, stroke: "#0d9488")
        }
        let step = max(1, measured.samples.count / 600)
        drawing.curve(
            stride(from: 0, to: measured.samples.count, by: step).map {
                place(measured.samples[$0].x, measured.samples[$0].value)
            }, stroke: "#2563eb")
        for (limit, colour) in limits {
            guard let limit else { continue }
            let y = place(first, limit).y
            drawing.line(from: (Self.left, y), to: (Self.left + inner, y), stroke: colour, width: 1.5)
        }
        let marks = [(first, Drawing.Anchor.start), (now, .middle), (end, .end)]
        for (time, anchor) in marks {
            let x = place(time, 0).x
            drawing.line(from: (x, top), to: (x, top + Self.height), stroke: Self.faint)
            let day = String(Timestamp(seconds: Int(time)).readable.prefix(10))
            drawing.text(day, x: x, y: top + Self.height + 18, anchor: anchor, size: 11, fill: Self.muted)
        }
    }
}
