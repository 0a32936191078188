package import Components
import Documents
import FoundationEssentials
import Platform

/// Writes the reports of `dr check` to a folder, in the shape and under the names of the operations runbook.
package struct RunbookReports {
    private let folder: String

    /// - Parameter folder: is created if it does not exist.
    package init(folder: String) { self.folder = folder }

    /// - Returns: the path of the file.
    /// - Throws: `FileError`.
    package func write(_ report: HealthReport) throws -> String {
        try write(report.runbookDocument, as: report.runbookFileName)
    }

    /// - Returns: the path of the file.
    /// - Throws: `FileError`.
    package func write(_ report: ComplianceReport) throws -> String {
        try write(report.runbookDocument, as: report.runbookFileName)
    }

    /// Returns the day before the report if its report is missing although an older one exists: a timer stood still.
    package func missingDay(before report: ComplianceReport) -> String? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let day = String(RFC3339.text(seconds: report.generated.subtractingClamped(86_400)).prefix { $0 != "T" })
        let expected = ComplianceReport.runbookFileName(ofDay: day)
        let shape = ComplianceReport.runbookFileName(ofDay: "0000-00-00")
        let hasOlder = names.contains { name in
            name.hasPrefix("daily_sla_") && name.utf8.count == shape.utf8.count && name < expected
        }
        return hasOlder && !names.contains(expected) ? day : nil
    }

    /// Writes a file that other users may read, such as a web server or an exporter: it holds no secrets.
    private func write(_ value: JSONValue, as name: String) throws -> String {
        try Folder.create(folder)
        let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
        try OutputFile.write(value.document, to: path, mode: 0o644, links: .refuse)
        return path
    }
}
