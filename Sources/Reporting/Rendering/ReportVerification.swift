package import Cryptography
internal import FoundationEssentials
package import Platform
internal import RecoveryPlan

/// Verifies, from the files alone, that a report matches its journal and that neither was altered.
///
/// The evidence contains its journal, whose lines are a chain of hashes, and is a pure function of it: computed again,
/// it must be equal to the byte. A page or another format must equal the rendering of the evidence.
package struct ReportVerification: Sendable {
    package struct Proof: Codable, Equatable, Sendable {
        package var file: String
        package var run: String
        package var verdict: Evidence.Verdict
        package var lines: Int
        /// SHA-256 of the journal's last line.
        package var head: String
        /// SHA-256 of the evidence's document.
        package var digest: String
        /// Nil if the report is not signed.
        package var signature: ReportSignature?
        /// Nil if there is none.
        package var attestation: ReportAttestation?
        /// Nil if the report is not stamped.
        package var stamp: ReportStamp?
    }

    package struct Refusal: OperationError, Equatable {
        package var file: String
        package var detail: String
        package var reasonCode: String { "report_altered" }
        package var place: ErrorPlace { ErrorPlace(object: file, text: "report '\(file)'") }
    }

    /// Verifies a report. Blocks: reads files.
    /// - Parameters:
    ///   - path: the path of a report in any format; for formats other than JSON, the JSON with the same name must be
    ///     beside it.
    ///   - journal: the path of the journal, if available: the report must contain exactly this journal.
    ///   - trusted: certificates of the accepted signers or their issuers; empty if the report need not be signed.
    ///   - authorities: certificates of the accepted time stamp authorities or their issuers; empty if the report need
    ///     not be stamped.
    ///   - checksSignature: true if the signature, the attestation and the stamp that exist must be valid.
    /// - Throws: ``Refusal``.
    package static func verify(
        _ path: String, journal: String? = nil, trusting trusted: [X509Certificate] = [],
        authorities: [X509Certificate] = [], checksSignature: Bool = true
    ) throws(Refusal) -> Proof {
        guard let format = Report.Format(rawValue: path.pathExtension) else {
            throw Refusal(
                file: path,
                detail: "its name must end in one of "
                    + Report.Format.allCases.map { ".\($0.rawValue)" }.joined(separator: ", "))
        }
        let source = source(of: path)
        let document = try read(source)
        let report = try rebuilt(document, source)
        if let journal {
            let lines = try read(journal)
            guard lines == [UInt8]((report.evidence.journal.lines.joined(separator: "\n") + "\n").utf8) else {
                throw Refusal(file: source, detail: "its journal differs from '\(journal)'")
            }
        }
        if format != .json {
            let page: [UInt8]
            do { page = try report.rendered(as: format) } catch {
                throw Refusal(file: path, detail: "it cannot be rendered again: \(error)")
            }
            guard try read(path) == page else {
                throw Refusal(
                    file: path,
                    detail: "it differs from the rendering of '\(source)': it was altered, or made by another version")
            }
        }
        let evidence = report.evidence
        var proof = Proof(
            file: path, run: evidence.subject.run, verdict: evidence.verdict, lines: evidence.journal.lines.count,
            head: evidence.journal.head, digest: report.digest)
        guard checksSignature else { return proof }
        let signed = try ReportSignature.beside(source, document, trusting: trusted)
        proof.signature = signed?.signature
        proof.attestation = try ReportAttestation.beside(source, report, signedBy: signed?.signer)
        proof.stamp = try ReportStamp.beside(source, document, of: evidence, trusting: authorities)
        return proof
    }

    /// Returns the stamp beside a report by any authority; nil if there is none.
    /// - Throws: ``Refusal``.
    package static func stamp(beside path: String) throws(Refusal) -> ReportStamp? {
        let source = source(of: path)
        let document = try read(source)
        return try ReportStamp.beside(source, document, of: rebuilt(document, source).evidence, trusting: [])
    }

    /// Returns the path of the JSON with the same name.
    static func source(of report: String) -> String { report.withoutPathExtension + ".json" }

    static func rebuilt(_ document: [UInt8], _ source: String) throws(Refusal) -> Report {
        let claimed: Evidence
        do { claimed = try JSONDecoder().decode(Evidence.self, from: Data(document)) } catch {
            throw Refusal(file: source, detail: "it is not valid evidence: it was altered, or made by a newer version")
        }
        guard [Evidence.schema, Evidence.firstSchema].contains(claimed.schema) else {
            throw Refusal(
                file: source,
                detail: "its schema is '\(claimed.schema)', this version supports '\(Evidence.schema)' and before")
        }
        do {
            let lines = [UInt8]((claimed.journal.lines.joined(separator: "\n") + "\n").utf8)
            let reading = try JournalReading(lines, name: "its journal")
            let report = try Report(
                Evidence(
                    reading, correctiveActions: claimed.correctiveActions, review: claimed.review,
                    schema: claimed.schema))
            guard report.document == document else {
                throw Refusal(file: source, detail: "it does not match its journal: it was altered")
            }
            if let defect = report.evidence.lotteryDefect { throw Refusal(file: source, detail: defect) }
            return report
        } catch let refusal as Refusal { throw refusal } catch { throw Refusal(file: source, detail: "\(error)") }
    }

    /// A report holds its journal as text, and what was computed from it.
    private static let mostBytes = 4 * JournalReading.mostBytes

    static func read(_ path: String) throws(Refusal) -> [UInt8] {
        let bytes: [UInt8]
        do { bytes = try InputFile.head(of: path, upTo: mostBytes + 1) } catch {
            throw Refusal(file: path, detail: "it cannot be read: \(error.detail)")
        }
        guard bytes.count <= mostBytes else {
            throw Refusal(file: path, detail: "it has more than \(mostBytes >> 20) MiB: dr writes no report that large")
        }
        return bytes
    }
}
