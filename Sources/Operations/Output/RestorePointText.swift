package import BackupRepository
import Platform

/// A restore point as text.
package enum RestorePointText {
    package static func text(_ point: RestorePoint) -> String {
        var lines = [summary(point)]
        if point.components.count > 1, let oldest = point.oldest, let newest = point.newest, oldest != newest {
            let skew = Units.duration(seconds: point.skewSeconds)
            lines.append("skew between components: \(skew) (oldest \(oldest), newest \(newest))")
        }
        lines.append(table(point))
        return lines.joined(separator: "\n")
    }

    private static func summary(_ point: RestorePoint) -> String {
        let missing = point.components.filter { [.missing, .empty].contains($0.verdict) }.map(\.component)
        let partial = point.components.filter { $0.verdict == .partial }.map(\.component)
        let unknown = point.components.filter { $0.verdict == .unknown }.map(\.component)
        var line = "in a disaster now, "
        if let loss = point.lossSeconds, let oldest = point.oldest {
            line += "\(Units.duration(seconds: loss)) of data would be lost (\(oldest))"
        } else {
            line += "all data would be lost"
        }
        if !missing.isEmpty { line += ", and all of \(missing.joined(separator: ", "))" }
        if !partial.isEmpty { line += ", and the skipped paths of \(partial.joined(separator: ", "))" }
        if !unknown.isEmpty { line += "; the newest datum of \(unknown.joined(separator: ", ")) is unknown" }
        guard let rpo = point.rpoSeconds else { return line + "; there is no objective" }
        let allowed = "the objective allows \(Units.duration(seconds: rpo))"
        return line + "; \(allowed): \(point.verdict == .ok ? "met" : "MISSED")"
    }

    private static func table(_ point: RestorePoint) -> String {
        let isMixed = point.components.contains { $0.set != nil }
        var table = Table(
            [("COMPONENT", .left)] + (isMixed ? [("SET", .left)] : []) + [
                ("NEWEST DATUM", .left), ("OF", .left), ("AGE", .right), ("VERDICT", .left),
            ])
        for part in point.components {
            table.add(
                [part.component] + (isMixed ? [part.set?.description ?? "-"] : []) + [
                    Units.moment(milliseconds: part.newestDatum), part.basis?.rawValue ?? "-",
                    part.ageSeconds.map { Units.duration(seconds: $0) } ?? "-", part.verdict.rawValue,
                ])
        }
        return table.text
    }
}
