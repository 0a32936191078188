package import Cryptography
internal import Foundation
internal import Platform

/// Somebody's signature under a report: detached CMS (RFC 5652) over the evidence's JSON, in a file beside it,
/// `report.json.p7s`. Every other format is proved by the JSON, hence signed with it.
package struct ReportSignature: Codable, Equatable, Sendable {
    /// As RFC 2253 writes it: "CN=Ada,O=Example".
    package var signer: String
    /// SHA-256 of the signer's certificate.
    package var fingerprint: String
    /// Whether the certificate is trusted, or one that is vouches for it. Where none is given, a name is but a claim.
    package var isTrusted: Bool

    private init(_ certificate: X509Certificate, isTrusted: Bool) {
        signer = certificate.subject
        fingerprint = certificate.fingerprint.hex
        self.isTrusted = isTrusted
    }

    /// Where the signature of a report is.
    /// - Parameter report: of any format.
    package static func file(of report: String) -> String { ReportVerification.source(of: report) + ".p7s" }

    /// Signs a report that was verified, since nobody should put a name under what does not hold.
    /// - Parameters:
    ///   - report: path in any format.
    ///   - replaces: another signature that is there.
    /// - Returns: the path of the signature.
    /// - Throws: ``ReportVerification/Refusal``, also where a signature is there already.
    package static func sign(
        _ report: String, by signer: SigningIdentity, replaces: Bool = false
    ) throws(ReportVerification.Refusal) -> String {
        _ = try ReportVerification.verify(report, checksSignature: false)
        let source = ReportVerification.source(of: report)
        let file = file(of: report)
        if !replaces, FileManager.default.fileExists(atPath: file) {
            throw ReportVerification.Refusal(
                file: source, detail: "it is signed already, in '\(file)': --replace puts this signature in its place")
        }
        let document = try ReportVerification.read(source)
        do {
            try OutputFile.write(CMSSignature.sign(document, by: signer), to: file, links: .follow)
        } catch let error as CMSError {
            throw ReportVerification.Refusal(file: source, detail: "\(error)")
        } catch {
            throw ReportVerification.Refusal(file: file, detail: "it cannot be written: \(FileFailure.text(error))")
        }
        return file
    }

    /// The signature beside a report.
    /// - Parameters:
    ///   - document: the evidence's JSON, as it lies in `source`.
    ///   - trusted: who must have signed; empty: whoever has.
    /// - Returns: nil where there is none, and none is asked for.
    /// - Throws: ``ReportVerification/Refusal`` where there is one that is not of this document, or one is asked for and
    ///   there is none of a trusted signer.
    static func beside(
        _ source: String, _ document: [UInt8], trusting trusted: [X509Certificate]
    ) throws(ReportVerification.Refusal) -> ReportSignature? {
        let file = source + ".p7s"
        guard FileManager.default.fileExists(atPath: file) else {
            guard trusted.isEmpty else {
                throw ReportVerification.Refusal(file: source, detail: "it is not signed: there is no '\(file)'")
            }
            return nil
        }
        let signature = try ReportVerification.read(file)
        do {
            return trusted.isEmpty
                ? Self(try CMSSignature.claimedSigner(signature, of: document), isTrusted: false)
                : Self(try CMSSignature.verify(signature, of: document, trusting: trusted, at: nil), isTrusted: true)
        } catch {
            throw ReportVerification.Refusal(file: source, detail: "its signature does not hold: \(error.detail)")
        }
    }
}
