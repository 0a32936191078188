package import Cryptography
import Documents
import Foundation
import Platform
package import RecoveryPlan
package import Reporting

/// Makes reports from the journals of this machine.
package struct ReportFiles {
    package let session: Session

    package init(session: Session) { self.session = session }

    /// What a report is made from.
    package struct Source: Sendable {
        var run: String
        package var reading: JournalReading
        package var actions: [CorrectiveAction]
        /// Where the journal is.
        var folder: String
    }

    package struct Written: Encodable {
        package var run: String
        var verdict: Evidence.Verdict
        var reasons: [String]
        /// SHA-256 of the evidence's document.
        var digest: String
        package var files: [String]

        package var text: String {
            (["run \(run): \(verdict.rawValue)"] + reasons.map { "  \($0)" } + files.map { "wrote \($0)" })
                .joined(separator: "\n")
        }
    }

    /// - Parameters:
    ///   - run: nil for the newest.
    ///   - actions: path of a file of corrective actions; nil for `actions.yaml` beside the journal, if it is there.
    package func source(_ run: String?, actions: String?) throws -> Source {
        let runs = try RunFolder(state: session.stateRoot)
        guard let name = run ?? runs.runs().last, runs.runs().contains(name) else {
            let known = runs.runs().suffix(5).joined(separator: ", ")
            throw UsageError(
                run.map {
                    "there is no run '\($0)' in '\(runs.path)'" + (known.isEmpty ? "" : "; the newest are \(known)")
                }
                    ?? "there was no run yet: `dr restore --scenario` and `dr drill` make some")
        }
        let folder = "\(runs.path)/\(name)"
        let beside = "\(folder)/actions.yaml"
        let file = actions ?? (FileManager.default.fileExists(atPath: beside) ? beside : nil)
        return Source(
            run: name, reading: try JournalReading(path: runs.journal(of: name)),
            actions: try file.map { try CorrectiveActionsFile.read($0) } ?? [], folder: folder)
    }

    package func write(_ source: Source, to requested: String?, _ formats: [Report.Format], pdf: Bool) throws -> Written
    {
        let report = try Report(Evidence(source.reading, correctiveActions: source.actions))
        let folder = requested ?? source.folder
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw FileError(folder, detail: FileFailure.text(error))
        }
        let stem = "\(folder)/report" + (requested == nil ? "" : "-\(source.run)")
        // The JSON goes along whatever is asked for: nothing else can be verified without it.
        var files: [String] = []
        for format in Report.Format.allCases
        where format == .json || formats.contains(format) || (pdf && format == .html) {
            let file = "\(stem).\(format.rawValue)"
            try OutputFile.write(report.rendered(as: format), to: file, links: .follow)
            files.append(file)
        }
        if pdf { files.append(try Browser.makePDF(of: "\(stem).html", at: "\(stem).pdf")) }
        return Written(
            run: source.run, verdict: report.evidence.verdict, reasons: report.evidence.reasons, digest: report.digest,
            files: files)
    }
}

/// What `dr report sign` did.
package struct SignedReport: Encodable {
    /// The signature.
    package var file: String
    package var signer: String

    package init(file: String, signer: String) {
        self.file = file
        self.signer = signer
    }
}

/// What `dr report verify` found.
package struct ReportProof: Encodable {
    package var verified = true
    package var proof: ReportVerification.Proof

    package init(_ file: String, journal: String?, trusting trusted: [X509Certificate]) throws {
        proof = try ReportVerification.verify(file, journal: journal, trusting: trusted)
    }

    package var text: String {
        """
        \(proof.file) is what its journal says, to the byte
        run \(proof.run): \(proof.verdict.rawValue)
        journal: \(proof.lines) lines, the last with SHA-256 \(proof.head)
        evidence: SHA-256 \(proof.digest)
        signed: \(signed)
        """
    }

    private var signed: String {
        guard let signature = proof.signature else { return "by nobody" }
        let name = "by \(signature.signer), certificate SHA-256 \(signature.fingerprint)"
        return signature.isTrusted
            ? name : name + "\n        which nobody vouches for here: name whom you trust with --certificate"
    }
}

/// Chromium, where it is installed: prints pages.
private enum Browser {
    static func makePDF(of page: String, at paper: String) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let found = ["chromium", "chromium-browser", "google-chrome"].lazy
            .compactMap { Program.find($0, environment: environment) }.first
        guard let found else {
            throw UsageError(
                "--pdf needs Chromium, which is not installed here; the page prints as well in any browser")
        }
        let profile = FileManager.default.temporaryDirectory.appending(path: "dr-browser-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: profile) }
        let isRoot = geteuid() == 0
        // Written beside the profile first: Chromium knows nothing of links and devices.
        let printed = profile.appending(path: "page.pdf").path
        let program = Program(
            found,
            ["--headless=new", "--disable-gpu", "--user-data-dir=\(profile.path)"] + (isRoot ? ["--no-sandbox"] : [])
                + [
                    "--no-pdf-header-footer", "--print-to-pdf=\(printed)",
                    URL(filePath: page).absoluteURL.absoluteString,
                ], environment: environment, timeout: .seconds(120))
        let (end, _) = try program.captured()
        guard end.status == 0, let content = FileManager.default.contents(atPath: printed) else {
            throw ProgramFailure("Chromium could not print the page (status \(end.status))")
        }
        try OutputFile.write([UInt8](content), to: paper, links: .follow)
        return paper
    }
}

/// A program that ran and failed.
private struct ProgramFailure: OperationError {
    let detail: String
    var reasonCode: String { "program_failed" }
    var place: ErrorPlace { ErrorPlace() }

    init(_ detail: String) { self.detail = detail }
}
