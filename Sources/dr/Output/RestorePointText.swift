import Repository

/// A restore point as people read it.
enum RestorePointText {
    static func text(_ point: RestorePoint) -> String {
        var lines = [summary(point)]
        if point.components.count > 1, let oldest = point.oldest, let newest = point.newest, oldest != newest {
            let skew = Units.duration(seconds: point.skewSeconds)
            lines.append("skew between components: \(skew) (oldest \(oldest), newest \(newest))")
        }
        lines.append(table(point))
        return lines.joined(separator: "\n")
    }

    private static func summary(_ point: RestorePoint) -> String {
        let missing = point.components.filter { $0.verdict == .missing }.map(\.component)
        var line = "if the disaster were now, "
        if let loss = point.lossSeconds, let oldest = point.oldest {
            line += "\(Units.duration(seconds: loss)) of data would be lost (\(oldest))"
        } else {
            line += "everything would be lost"
        }
        if !missing.isEmpty { line += ", and all of \(missing.joined(separator: ", "))" }
        guard let rpo = point.rpoSeconds else { return line + "; no objective is set" }
        let allowed = "the objective allows \(Units.duration(seconds: rpo))"
        return line + "; \(allowed): \(point.verdict == .ok ? "met" : "MISSED")"
    }

    private static func table(_ point: RestorePoint) -> String {
        var table = Table([
            ("COMPONENT", .left), ("NEWEST DATUM", .left), ("OF", .left), ("AGE", .right), ("VERDICT", .left),
        ])
        for part in point.components {
            table.add([
                part.component, Units.moment(milliseconds: part.newestDatum), part.basis?.rawValue ?? "-",
                part.ageSeconds.map { Units.duration(seconds: $0) } ?? "-", part.verdict.rawValue,
            ])
        }
        return table.text
    }
}
