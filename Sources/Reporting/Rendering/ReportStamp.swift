internal import Cryptography
internal import FoundationEssentials
internal import Platform
internal import RecoveryPlan

/// The time stamp of a report: the reply of an RFC 3161 authority about the evidence's JSON, in a file beside it,
/// `report.json.tsr`. It shows that the report existed at that time, with any clock that the host may have had.
package struct ReportStamp: Codable, Equatable, Sendable {
    /// RFC 3339.
    package var time: String
    /// The subject of the authority's certificate.
    package var authority: String
    /// True if the authority's certificate is trusted, or a trusted one issued it. Otherwise its name is only a claim.
    package var isTrusted: Bool
    /// Seconds from the last line of the journal, by the host's clock, to the stamp.
    package var seconds: Double
    /// The difference of the clocks in words; nil if it is within ``tolerance``.
    package var deviation: String?

    /// The difference in seconds between the end of a run and its stamp that needs no explanation.
    package static let tolerance = 300.0

    private init(_ stamp: TimeStamp, isTrusted: Bool, _ evidence: Evidence) {
        time = RFC3339.text(stamp.time)
        authority = stamp.authority
        self.isTrusted = isTrusted
        let end = evidence.journal.end ?? stamp.time
        seconds = (stamp.time.timeIntervalSince(end) * 1000).rounded() / 1000
        if seconds < -Self.tolerance {
            deviation =
                "the authority stamped the report \(Spell.seconds(-seconds)) before the time at which its journal ends: "
                + "the clock of the host was ahead by at least that"
        } else if seconds > Self.tolerance {
            deviation =
                "the authority stamped the report \(Spell.seconds(seconds)) after the time at which its journal ends: "
                + "the report was stamped later, or the clock of the host was behind"
        }
    }

    /// Returns the path of a report's stamp.
    /// - Parameter report: the path of a report in any format.
    package static func file(of report: String) -> String { ReportVerification.source(of: report) + ".tsr" }

    /// Stores the reply of an authority beside a report.
    /// - Parameter reply: a reply that ``Cryptography/TimeStamp`` accepted for this document.
    /// - Throws: ``ReportVerification/Refusal``.
    package static func store(_ reply: [UInt8], of report: String) throws(ReportVerification.Refusal) -> String {
        let file = file(of: report)
        do { try OutputFile.write(reply, to: file, links: .follow) } catch {
            throw ReportVerification.Refusal(file: file, detail: "it cannot be written: \(FileFailure.text(error))")
        }
        return file
    }

    /// Returns the bytes that an authority stamps, after a verification of the report.
    /// - Parameter replaces: true if an existing stamp is replaced.
    /// - Throws: ``ReportVerification/Refusal``, also if a stamp already exists.
    package static func content(
        of report: String, replaces: Bool = false
    ) throws(ReportVerification.Refusal) -> [UInt8] {
        _ = try ReportVerification.verify(report, checksSignature: false)
        let source = ReportVerification.source(of: report), file = file(of: report)
        if !replaces, FileManager.default.fileExists(atPath: file) {
            throw ReportVerification.Refusal(
                file: source, detail: "it already has a time stamp, in '\(file)': use --replace to replace it")
        }
        return try ReportVerification.read(source)
    }

    /// Verifies the stamp beside a report.
    /// - Parameters:
    ///   - document: the evidence's JSON, exactly as in `source`.
    ///   - authorities: the trusted certificates; empty accepts any authority and requires no stamp.
    /// - Returns: nil if there is no stamp and none is required.
    /// - Throws: ``ReportVerification/Refusal``.
    static func beside(
        _ source: String, _ document: [UInt8], of evidence: Evidence, trusting authorities: [X509Certificate]
    ) throws(ReportVerification.Refusal) -> ReportStamp? {
        let file = file(of: source)
        guard FileManager.default.fileExists(atPath: file) else {
            guard authorities.isEmpty else {
                throw ReportVerification.Refusal(
                    file: source, detail: "it has no time stamp: '\(file)' does not exist")
            }
            return nil
        }
        let reply = try ReportVerification.read(file)
        do {
            let stamp = try TimeStamp(reply, of: document, trusting: authorities)
            return ReportStamp(stamp, isTrusted: !authorities.isEmpty, evidence)
        } catch {
            throw ReportVerification.Refusal(file: source, detail: "its time stamp is not valid: \(error.detail)")
        }
    }
}

extension JournalReference {
    /// The time of the last line by the clock of the host.
    fileprivate var end: Date? { lines.last.flatMap { try? JournalLine(reading: $0) }?.body.at }
}
