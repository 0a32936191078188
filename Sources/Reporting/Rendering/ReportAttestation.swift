internal import Cryptography
internal import FoundationEssentials
internal import Platform

/// The in-toto statement of a report in a DSSE envelope, in a file beside it, `report.intoto.json`. The signer of the
/// report signs it too, so that tools which do not read CMS can verify the report.
package struct ReportAttestation: Codable, Equatable, Sendable {
    package var file: String
    package var predicateType: String

    /// Returns the path of a report's attestation.
    /// - Parameter report: the path of a report in any format.
    package static func file(of report: String) -> String {
        report.withoutPathExtension + ".intoto.json"
    }

    /// - Returns: the envelope.
    static func sign(_ report: Report, by signer: SigningIdentity) throws -> [UInt8] {
        try DSSEEnvelope(try ReportStatement(report).document, type: ReportStatement.mediaType, by: signer).encoded
    }

    /// Verifies the attestation beside a report: its signature, and its subjects and facts against the report.
    /// - Parameter signer: the certificate of the report's signature; nil if it has none.
    /// - Returns: nil if there is no attestation, as beside the reports of early versions.
    /// - Throws: ``ReportVerification/Refusal``.
    static func beside(
        _ source: String, _ report: Report, signedBy signer: X509Certificate?
    ) throws(ReportVerification.Refusal) -> ReportAttestation? {
        let file = file(of: source)
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        func refusal(_ detail: String) -> ReportVerification.Refusal {
            ReportVerification.Refusal(file: source, detail: "its attestation '\(file)' is not valid: \(detail)")
        }
        guard let signer else {
            throw refusal("the signature '\(source).p7s' does not exist; dr writes both")
        }
        let envelope = try ReportVerification.read(file)
        let claimed: ReportStatement
        do {
            let document = try DSSEEnvelope(parsing: envelope).verify(
                type: ReportStatement.mediaType, signedBy: signer)
            claimed = try JSONDecoder().decode(ReportStatement.self, from: Data(document))
        } catch let error as CMSError { throw refusal(error.detail) } catch {
            throw refusal("it is not a statement about a report, or a newer version made it")
        }
        let expected = ReportStatement(report)
        guard claimed.statementType == expected.statementType, claimed.predicateType == expected.predicateType else {
            throw refusal("it is '\(claimed.predicateType)', not '\(expected.predicateType)'")
        }
        for subject in expected.subject where !claimed.subject.contains(subject) {
            throw refusal("it does not name the SHA-256 of \(subject.name): it belongs to another report")
        }
        guard claimed == expected else { throw refusal("its facts are not those of the report") }
        return ReportAttestation(file: file, predicateType: claimed.predicateType)
    }
}
