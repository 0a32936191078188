internal import FoundationEssentials
internal import Glibc
internal import Trends

/// A simulation as a picture: the sets kept on one day by age, and their storage over time.
package struct SimulationPicture {
    private let simulation: Simulation
    private let outcome: Simulation.Outcome
    /// The simulated days, in the calendar of the zone.
    private let dates: [CivilDate]
    private let palette: Palette
    private var drawing: Drawing

    private static let left = 112.0, right = 80.0, width = 1000.0

    private var inner: Double { Self.width - Self.left - Self.right }

    package init(_ simulation: Simulation, _ outcome: Simulation.Outcome, palette: Palette = .paper) {
        self.simulation = simulation
        self.palette = palette
        self.outcome = outcome
        let zone = ZoneCalendar(simulation.policy.timeZone)
        dates = outcome.days.map { day in
            CivilDate(daysSince1970: (day.end + zone.offset(at: day.end)).dividedDown(by: 86_400).quotient)
        }
        drawing = Drawing(width: Self.width, height: 0)
    }

    /// The SVG document.
    package var svg: String {
        var picture = self
        return picture.draw()
    }

    private mutating func draw() -> String {
        let rows = ladderRows
        let ladder = 104.0, ladderHeight = Double(rows.count) * 30
        let sets = ladder + ladderHeight + 84, chart = 150.0
        let bytes = sets + chart + 78
        drawing = Drawing(width: Self.width, height: bytes + chart + 74)
        drawing.text("Sets kept by the retention policy", x: 24, y: 34, size: 20, fill: palette.ink, bold: true)
        drawing.text(
            "\(simulation.policy.summary), backups \(simulation.schedule)", x: 24, y: 56, size: 13, fill: palette.muted)
        heading("Kept at the end of \(dayName(outcome.at)): \(outcome.plan.kept.count) sets, by age", ladder)
        drawLadder(rows, top: ladder, height: ladderHeight)
        heading("Sets kept", sets)
        drawChart(
            top: sets, height: chart, values: outcome.days.map { Double($0.kept) }, curve: palette.sets,
            scale: Scale(to: Double(outcome.days.map(\.kept).max() ?? 0), whole: true)
        ) { Label.number($0) }
        drawSizes(top: bytes, height: chart)
        return drawing.svg(
            title: "Sets kept by the retention policy: \(simulation.policy.summary)", background: palette.background)
    }

    private mutating func heading(_ text: String, _ top: Double) {
        drawing.text(text, x: 24, y: top - 14, size: 13, fill: palette.ink, bold: true)
    }

    // MARK: Ladder

    private struct Row {
        var name: String
        var colour: String
        var times: [Int]
    }

    /// One row for each tier, and one for the other rules.
    private var ladderRows: [Row] {
        var rows = simulation.policy.tiers.map { tier, length in
            Row(name: "\(tier.rawValue) \(length)", colour: palette.tiers[tier] ?? palette.ink, times: [])
        }
        var others = Row(name: "other rules", colour: palette.muted, times: [])
        let tiers = simulation.policy.tiers.map(\.tier)
        for decision in outcome.plan.decisions where decision.verdict == .keep {
            var isOther = false
            for reason in decision.reasons {
                switch reason {
                case .newest(let period, _):
                    if let row = tiers.firstIndex(of: period.tier) { rows[row].times.append(decision.set.time) }
                case .oldest(let tier, _, _):
                    if let row = tiers.firstIndex(of: tier) { rows[row].times.append(decision.set.time) }
                default: isOther = true
                }
            }
            if isOther { others.times.append(decision.set.time) }
        }
        return rows + [others]
    }

    /// Draws ages on a logarithmic axis from an hour on, so that a day and seven years both fit.
    private mutating func drawLadder(_ rows: [Row], top: Double, height: Double) {
        let marks: [(String, Double)] = [
            ("1 h", 1), ("3 h", 3), ("6 h", 6), ("12 h", 12), ("1 d", 24), ("3 d", 72), ("1 w", 168), ("2 w", 336),
            ("1 mo", 730.5), ("3 mo", 2191.5), ("6 mo", 4383), ("1 y", 8766), ("2 y", 17_532), ("4 y", 35_064),
            ("7 y", 61_362), ("10 y", 87_660), ("20 y", 175_320), ("50 y", 438_300), ("100 y", 876_600),
        ]
        let ages = rows.flatMap(\.times).map { Double(outcome.at - $0) / 3600 }
        let longest = max(ages.max() ?? 24, 24) * 1.12
        func place(_ hours: Double) -> Double {
            Self.left + inner * log(max(hours, 0.5) / 0.5) / log(longest / 0.5)
        }
        for (name, hours) in marks where hours <= longest {
            drawing.line(from: (place(hours), top), to: (place(hours), top + height), stroke: palette.faint)
            drawing.text(name, x: place(hours), y: top + height + 18, anchor: .middle, size: 11, fill: palette.muted)
        }
        for (index, row) in rows.enumerated() {
            let middle = top + Double(index) * 30 + 15
            drawing.line(from: (Self.left, middle), to: (Self.left + inner, middle), stroke: palette.faint)
            drawing.text(
                row.name, x: Self.left - 10, y: middle + 4, anchor: .end, size: 12, fill: row.colour, bold: true)
            for time in row.times {
                let x = place(Double(outcome.at - time) / 3600)
                drawing.line(from: (x, middle - 9), to: (x, middle + 9), stroke: row.colour, width: 2)
            }
            drawing.text(
                "\(row.times.count) \(row.times.count == 1 ? "set" : "sets")", x: Self.width - 16, y: middle + 4,
                anchor: .end, size: 12, fill: row.colour)
        }
    }

    // MARK: Charts over time

    private mutating func drawSizes(top: Double, height: Double) {
        let largest = outcome.days.map(\.stored).max() ?? 0
        let unit = Label.unit(for: largest)
        let scale = Scale(to: largest / unit.bytes)
        let last = outcome.days.last
        heading(
            "Stored, \(unit.name), and its price a month: "
                + "\(Label.bytes(last?.stored ?? 0)) and \(Label.number(last?.pricePerMonth ?? 0)) at the end, "
                + "\(Label.number(last?.paid ?? 0)) paid in total", top)
        drawChart(
            top: top, height: height, values: outcome.days.map { $0.stored / unit.bytes }, curve: palette.stored,
            scale: scale
        ) { Label.number($0) }
        let full = outcome.days.map { $0.full / unit.bytes }
        drawing.curve(points(full, top: top, height: height, scale: scale), stroke: palette.full)
        for value in scale.values {
            drawing.text(
                Label.number(simulation.model.pricePerMonth(value * unit.bytes)), x: Self.left + inner + 8,
                y: top + height * (1 - value / scale.top) + 4, size: 11, fill: palette.muted)
        }
        let legend = top + height + 46
        drawing.rectangle(x: Self.left, y: legend - 9, width: 12, height: 10, fill: palette.stored.line)
        drawing.text("all kept sets", x: Self.left + 18, y: legend, size: 11, fill: palette.muted)
        drawing.rectangle(x: Self.left + 130, y: legend - 9, width: 12, height: 10, fill: palette.full)
        drawing.text("one full backup", x: Self.left + 148, y: legend, size: 11, fill: palette.muted)
        drawing.text(
            "price a month, in the currency of the price", x: Self.left + inner + Self.right - 16, y: legend,
            anchor: .end, size: 11, fill: palette.muted
        )
    }

    private mutating func drawChart(
        top: Double, height: Double, values: [Double], curve: Palette.Curve, scale: Scale,
        label: (Double) -> String
    ) {
        for value in scale.values {
            let y = top + height * (1 - value / scale.top)
            drawing.line(from: (Self.left, y), to: (Self.left + inner, y), stroke: palette.faint)
            drawing.text(label(value), x: Self.left - 10, y: y + 4, anchor: .end, size: 11, fill: palette.muted)
        }
        drawing.curve(
            points(values, top: top, height: height, scale: scale), stroke: curve.line, base: top + height,
            fill: curve.area)
        drawDates(top: top, height: height)
    }

    /// Returns a point for each day, but at most as many as the picture has room for; the last is always included.
    private func points(_ values: [Double], top: Double, height: Double, scale: Scale) -> [(x: Double, y: Double)] {
        let step = max(1, values.count / 800)
        var indices = Array(stride(from: 0, to: values.count, by: step))
        if let last = values.indices.last, indices.last != last { indices.append(last) }
        return indices.map { index in
            (Self.left + inner * position(outcome.days[index].end), top + height * (1 - values[index] / scale.top))
        }
    }

    /// 0...1 along the time axis.
    private func position(_ time: Int) -> Double {
        guard let first = outcome.days.first?.end, let last = outcome.days.last?.end, last > first else { return 0 }
        return Double(time - first) / Double(last - first)
    }

    /// Marks the starts of years, months or weeks: the unit that gives three to about fifteen marks.
    private mutating func drawDates(top: Double, height: Double) {
        let years = dates.filter { $0.month == 1 && $0.day == 1 }, months = dates.filter { $0.day == 1 }
        let chosen: [CivilDate]
        if years.count > 3 {
            let step = years.count / 16 + 1
            chosen = years.filter { $0.year % step == 0 }
        } else if months.count > 3 {
            chosen = months.filter { ($0.month - 1) % (months.count / 16 + 1) == 0 }
        } else {
            let step = dates.count / 12 + 1
            chosen = stride(from: 0, to: dates.count, by: step).map { dates[$0] }
        }
        for date in chosen {
            guard let day = dates.firstIndex(of: date) else { continue }
            let x = Self.left + inner * position(outcome.days[day].end)
            let month = "\(date.year.padded(4))-\(date.month.padded())"
            let name =
                years.count > 3 ? date.year.padded(4) : months.count > 3 ? month : "\(month)-\(date.day.padded())"
            drawing.line(from: (x, top + height), to: (x, top + height + 5), stroke: palette.muted)
            drawing.text(name, x: x, y: top + height + 20, anchor: .middle, size: 11, fill: palette.muted)
        }
    }

    private func dayName(_ time: Int) -> String {
        guard let index = outcome.days.firstIndex(where: { $0.end == time }) else { return Moment.readable(time) }
        let date = dates[index]
        return "\(date.year.padded(4))-\(date.month.padded())-\(date.day.padded())"
    }
}
