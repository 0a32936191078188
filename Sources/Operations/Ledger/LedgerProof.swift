package import BackupRepository
import Platform

/// The verification of the whole ledger.
package struct LedgerProof: Encodable {
    package var report: RunLedger.Report
    /// True if no signature is checked because the command names no signer.
    var lacksTrust = false
    package var isGood: Bool { report.findings.isEmpty }

    /// Verifies the ledger of a session, and remembers its newest entry.
    package init(_ session: Session) async throws {
        let repository = try await session.repository()
        let known = session.isWithoutConfiguration ? nil : try session.state(of: repository).ledgerHead()
        report = try await RunLedger(repository).verify(known: known, pool: session.pool)
        lacksTrust = session.isWithoutConfiguration && !report.requiresSignatures
        if report.findings.isEmpty, let newest = report.newest { try session.remember(newest, of: repository) }
    }

    package func encode(to encoder: any Encoder) throws { try report.encode(to: encoder) }

    package var text: String {
        var lines = [
            report.newest.map {
                "\(report.entries == 1 ? "1 entry" : "\(report.entries) entries"), the newest is \($0)"
            }
                ?? "the ledger is empty"
        ]
        lines.append(
            report.requiresSignatures
                ? "\(report.signed) signed by trusted signers"
                : (lacksTrust ? "this machine trusts no signer (use --trust)" : "sets are not signed")
                    + ", so the chain alone protects the ledger: any user who can write to the store could "
                    + "write another one, except for the entries that this host and the sets name")
        lines.append(
            "compared with \(Units.count(report.sets, "set"))"
                + (report.known.map { " and with entry \($0.number), which this host knew" } ?? ""))
        for finding in report.findings {
            lines.append("FINDING \(finding.number.map { "entry \($0): " } ?? "")\(finding.reason.printable)")
        }
        lines.append(isGood ? "no defect found" : Units.count(report.findings.count, "defect") + " found")
        return lines.joined(separator: "\n")
    }
}
