package import BackupRepository
import Platform

/// What the reading of a share of the packs found, as people read it.
package enum SampleText {
    package static func summary(_ report: SampledVerification.Report) -> String {
        var text =
            "read again: \(report.packsRead) of \(report.packs) packs, \(Units.bytes(report.bytesRead)) of "
            + Units.bytes(report.bytes)
        if report.packsSealed > 0 { text += "; \(report.packsSealed) are encrypted and were not opened" }
        if !report.proved.isEmpty { text += "; proved by now to their last byte: \(report.proved.count) sets" }
        return text
    }

    /// What somebody must know, whether or not the result is printed.
    package static func warn(_ report: SampledVerification.Report, _ output: Output) {
        for finding in report.findings {
            StandardError.write(
                "dr: DAMAGED '\(finding.object)': \(finding.reason)\nthese sets cannot be restored whole: "
                    + names(finding.sets) + "\n")
        }
        if !report.findings.isEmpty {
            StandardError.write(
                """
                the backup just made is committed; the next one stores anew what is damaged and still at its source
                hint: run `dr backup` again, then `dr verify --read-data` to see all damage; what only old sets hold \
                comes back by putting the damaged object back from a copy

                """)
        }
        if !report.knownDamage.isEmpty {
            output.warn(
                "\(report.knownDamage.count) objects that sets need were found damaged before: "
                    + report.knownDamage.prefix(3).joined(separator: ", ")
                    + (report.knownDamage.count > 3 ? " and others" : ""))
        }
        if report.overdueBytes > 0 {
            output.warn(
                "\(Units.bytes(report.overdueBytes)) were not read for longer than verification.period\n"
                    + "hint: back up more often, or make the period longer")
        }
        for note in report.notes { output.note("note: \(note)") }
    }

    private static func names(_ sets: [Timestamp]) -> String {
        let first = sets.suffix(5).map(\.description).joined(separator: ", ")
        return sets.count > 5 ? "\(first) and \(sets.count - 5) older ones" : first
    }
}
