package import BackupRepository
import Platform

/// The result of a sample of the packs as text.
package enum SampleText {
    package static func summary(_ report: SampledVerification.Report) -> String {
        var text =
            "sample: read \(report.packsRead) of \(report.packs) packs, \(Units.bytes(report.bytesRead)) of "
            + Units.bytes(report.bytes)
        if report.packsSealed > 0 { text += "; \(report.packsSealed) are encrypted and were not decrypted" }
        if !report.proved.isEmpty {
            text += "; completely verified until now: \(Units.count(report.proved.count, "set"))"
        }
        return text
    }

    /// Prints the warnings, which appear even if the result is not printed.
    package static func warn(_ report: SampledVerification.Report, _ output: Output) {
        for finding in report.findings {
            StandardError.write(
                "dr: DAMAGED '\(finding.object)': \(finding.reason)\nthese sets cannot be restored whole: "
                    + names(finding.sets) + "\n")
        }
        if !report.findings.isEmpty {
            StandardError.write(
                """
                this backup is committed; the next backup stores damaged data again if it still exists in the component
                hint: run `dr backup` again, then `dr verify --read-data` to see all damage; to repair data of old \
                sets, restore the damaged object from a copy of the repository

                """)
        }
        if !report.knownDamage.isEmpty {
            output.warn(
                "\(report.knownDamage.count) damaged objects that sets need are known: "
                    + report.knownDamage.prefix(3).joined(separator: ", ")
                    + (report.knownDamage.count > 3 ? " and others" : ""))
        }
        if report.overdueBytes > 0 {
            output.warn(
                "\(Units.bytes(report.overdueBytes)) were not read within verification.period\n"
                    + "hint: back up more often, or increase the period")
        }
        for note in report.notes { output.note("note: \(note)") }
    }

    private static func names(_ sets: [Timestamp]) -> String {
        let first = sets.suffix(5).map(\.description).joined(separator: ", ")
        return sets.count > 5 ? "\(first) and \(sets.count - 5) older ones" : first
    }
}
