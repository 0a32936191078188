import ArgumentParser
import BackupRepository
import Operations
import StackConfiguration

struct Capacity: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Forecast for how long processors, memory, disks, network, Prometheus and the repository will do.",
        discussion: """
            A straight line through the history that Prometheus has, hour by hour, with the interval that a new sample \
            falls into in 95 % of cases; see docs/capacity.md. Exit code 3 when something could not be asked.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Draw a picture into this file.", completion: .file(extensions: ["svg"]))
    var svg: String?

    @Option(name: .long, help: "Write a page with the picture and the table into this file.", completion: .file())
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
