import ArgumentParser
import BackupRepository
import Operations
import StackConfiguration

struct Capacity: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Forecast when CPU, memory, disk, network, the metric server and the repository will run out.",
        discussion: """
            The forecast is a linear trend of the hourly history of the stack's metrics, with the interval that \
            contains a new sample in 95 % of cases; see docs/capacity.md. Exit code 3: a query failed.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Write a chart to this SVG file.", completion: .file(extensions: ["svg"]))
    var svg: String?

    @Option(name: .long, help: "Write an HTML page with the chart and the table to this file.", completion: .file())
    var html: String?

    func run() async throws {
        let session = try Session(options)
        let history = CapacityHistory(session: session, now: session.now())
        let measured = try await history.read()
        let report = CapacityReport(measured, source: try history.source()?.name, at: history.now)
        let output = Output(options: options)
        if svg != nil || html != nil {
            let picture = CapacityPicture(measured, report).svg
            if let svg { try output.write(picture, to: svg) }
            if let html { try output.write(report.page(picture: picture).html(), to: html) }
        }
        try output.result(report) { report.text }
        if measured.contains(where: { $0.samples.isEmpty && $0.failure != nil }) { throw ExitStatus.partial }
    }
}
