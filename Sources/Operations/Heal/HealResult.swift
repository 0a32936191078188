package import BackupRepository
import Platform

/// The result of `dr heal`.
package struct HealResult: Encodable, Sendable {
    package var component: String
    package var dryRun: Bool
    package var examined: Int
    package var parts: [HealReport.Part]
    package var kept: String?
    package var fetchedBytes: Int
    package var reusedBytes: Int
    package var server: [String]
    package var notes: [String]
    /// Damaged parts that stay damaged, and objects that a server refused.
    package let unhealed: Int
    package let toHeal: Int
    let healed: Int
    /// Missing parts that were not put back.
    let absent: Int

    enum CodingKeys: CodingKey {
        case component, dryRun, examined, parts, kept, fetchedBytes, reusedBytes, server, notes
    }

    init(component: String, isDryRun: Bool, _ report: HealReport) {
        self.component = component
        dryRun = isDryRun
        examined = report.examined
        parts = report.parts
        kept = report.kept
        fetchedBytes = report.fetchedBytes
        reusedBytes = report.reusedBytes
        server = report.server
        notes = report.notes
        (unhealed, toHeal, healed) = (report.unhealed + report.failed, report.toHeal, report.healed)
        absent = report.parts.count { $0.state == .missing && $0.action == .skipped }
    }

    /// The word of the ledger.
    var verdict: String {
        if unhealed > 0 { return "partial" }
        if healed > 0 { return "healed" }
        return absent > 0 ? "missing" : "intact"
    }

    package var text: String {
        var lines = parts.map(\.text)
        let damaged = parts.count { $0.state == .damaged }
        let missing = parts.count - damaged
        var summary = "\(component): read \(Units.count(examined, "part")): \(damaged) damaged, \(missing) missing"
        if dryRun {
            summary += "; would heal \(toHeal)"
        } else if !parts.isEmpty {
            summary += "; healed \(healed)"
        }
        lines.append(summary)
        if healed > 0, fetchedBytes + reusedBytes > 0 {
            lines.append(
                "\(Units.bytes(fetchedBytes)) came from the store, \(Units.bytes(reusedBytes)) from the live parts")
        }
        if let kept { lines.append("the replaced parts are kept in \(kept)") }
        lines += server
        return lines.joined(separator: "\n")
    }
}

extension HealReport.Part {
    fileprivate var text: String {
        let origin = set.map { " from set \($0)" } ?? ""
        let deed =
            switch action {
            case .healed: "healed\(origin)"
            case .wouldHeal: "would heal\(origin)"
            case .skipped: "skipped"
            }
        var line = "\(state.rawValue)\t\(name.printable): \(deed)"
        if let reason { line += ": \(reason.printable)" }
        for defect in damage.prefix(3) { line += "\n\t  \(defect.printable)" }
        if damage.count > 3 { line += "\n\t  and \(damage.count - 3) more" }
        return line
    }
}
