import FoundationEssentials
import Glibc
import Platform

/// Chromium, where it is installed: prints pages.
package enum PagePrinter {
    package static func makePDF(of page: String, at paper: String) throws -> String {
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
