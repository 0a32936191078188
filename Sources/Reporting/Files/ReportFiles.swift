import Cryptography
import Documents
import FoundationEssentials
import Platform
package import RecoveryPlan

/// Makes reports from the journals of this machine.
package struct ReportFiles {
    /// The folder of cache and journals.
    private let state: String

    /// - Parameter state: the folder of cache and journals.
    package init(state: String) { self.state = state }

    /// The source of a report.
    package struct Source: Sendable {
        var run: String
        package var reading: JournalReading
        package var actions: [CorrectiveAction]
        package var review: Review?
        /// The path of the journal.
        var folder: String

        package var evidence: Evidence {
            get throws { try Evidence(reading, correctiveActions: actions, review: review) }
        }
    }

    package struct Written: Encodable {
        package var run: String
        var verdict: Evidence.Verdict
        var reasons: [String]
        /// SHA-256 of the evidence's document.
        package var digest: String
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
        let runs = try RunFolder(state: state)
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
        let written = try file.map { try CorrectiveActionsFile.read($0) }
        return Source(
            run: name, reading: try JournalReading(path: runs.journal(of: name)), actions: written?.actions ?? [],
            review: written?.review, folder: folder)
    }

    package func write(_ source: Source, to requested: String?, _ formats: [Report.Format], pdf: Bool) throws -> Written
    {
        let report = try Report(source.evidence)
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
        if pdf { files.append(try PagePrinter.makePDF(of: "\(stem).html", at: "\(stem).pdf")) }
        return Written(
            run: source.run, verdict: report.evidence.verdict, reasons: report.evidence.reasons, digest: report.digest,
            files: files)
    }
}
