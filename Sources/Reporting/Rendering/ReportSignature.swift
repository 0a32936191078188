package import Cryptography
internal import FoundationEssentials
internal import Platform

/// A signature under a report: detached CMS (RFC 5652) over the evidence's JSON, in a file beside it,
/// `report.json.p7s`. The JSON determines every other format, so the signature covers them too.
package struct ReportSignature: Codable, Equatable, Sendable {
    /// The subject in the form of RFC 2253: "CN=Ada,O=Example".
    package var signer: String
    /// SHA-256 of the signer's certificate.
    package var fingerprint: String
    /// True if the certificate is trusted, or a trusted one issued it. Without trusted certificates, the name is only a
    /// claim.
    package var isTrusted: Bool

    private init(_ certificate: X509Certificate, isTrusted: Bool) {
        signer = certificate.subject
        fingerprint = certificate.fingerprint.hex
        self.isTrusted = isTrusted
    }

    /// Returns the path of a report's signature.
    /// - Parameter report: the path of a report in any format.
    package static func file(of report: String) -> String { ReportVerification.source(of: report) + ".p7s" }

    /// The paths of the files that a signer adds to a report.
    package struct Files: Sendable {
        package var signature: String
        package var attestation: String
    }

    /// Signs a report, and its in-toto statement. It verifies the report first, so that no operator signs an invalid one.
    /// - Parameters:
    ///   - report: the path in any format.
    ///   - replaces: true to replace an existing signature.
    /// - Throws: ``ReportVerification/Refusal``, also if a signature already exists.
    package static func sign(
        _ report: String, by signer: SigningIdentity, replaces: Bool = false
    ) throws(ReportVerification.Refusal) -> Files {
        _ = try ReportVerification.verify(report, checksSignature: false)
        let source = ReportVerification.source(of: report)
        let file = file(of: report)
        let attestation = ReportAttestation.file(of: report)
        if !replaces, FileManager.default.fileExists(atPath: file) {
            throw ReportVerification.Refusal(
                file: source, detail: "it is already signed, in '\(file)': use --replace to replace the signature")
        }
        let document = try ReportVerification.read(source)
        let rebuilt = try ReportVerification.rebuilt(document, source)
        do {
            try OutputFile.write(ReportAttestation.sign(rebuilt, by: signer), to: attestation, links: .follow)
            try OutputFile.write(CMSSignature.sign(document, by: signer), to: file, links: .follow)
        } catch let error as CMSError {
            throw ReportVerification.Refusal(file: source, detail: "\(error)")
        } catch {
            throw ReportVerification.Refusal(file: file, detail: "it cannot be written: \(FileFailure.text(error))")
        }
        return Files(signature: file, attestation: attestation)
    }

    /// Reads the signature beside a report.
    /// - Parameters:
    ///   - document: the evidence's JSON, exactly as in `source`.
    ///   - trusted: certificates of the accepted signers; empty accepts any signer.
    /// - Returns: nil if there is no signature and `trusted` is empty.
    /// - Throws: ``ReportVerification/Refusal`` if the signature does not match this document, or if `trusted` is not
    ///   empty and there is no signature of a trusted signer.
    static func beside(
        _ source: String, _ document: [UInt8], trusting trusted: [X509Certificate]
    ) throws(ReportVerification.Refusal) -> (signature: ReportSignature, signer: X509Certificate)? {
        let file = source + ".p7s"
        guard FileManager.default.fileExists(atPath: file) else {
            guard trusted.isEmpty else {
                throw ReportVerification.Refusal(file: source, detail: "it is not signed: '\(file)' does not exist")
            }
            return nil
        }
        let signature = try ReportVerification.read(file)
        do {
            let signer =
                trusted.isEmpty
                ? try CMSSignature.claimedSigner(signature, of: document)
                : try CMSSignature.verify(signature, of: document, trusting: trusted, at: nil)
            return (Self(signer, isTrusted: !trusted.isEmpty), signer)
        } catch {
            throw ReportVerification.Refusal(file: source, detail: "its signature is not valid: \(error.detail)")
        }
    }
}
