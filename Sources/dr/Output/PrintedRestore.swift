import BackupRepository
import ObjectStorage
import Operations
import Platform

/// A restore that prints its progress and its result.
struct PrintedRestore {
    let job: RestoreJob
    var isDryRun = false
    var prefix: String?
    /// Counts the requests to the store.
    let meter: StoreMeter
    /// The newer sets that are not used.
    var passedOver: [RestoreSelection.PassedOver] = []

    private var options: OutputOptions { job.session.options }
    private var output: Output { Output(options: options) }
    private var display: ProgressDisplay {
        ProgressDisplay(options: options, work: [(job.component, job.progress)])
    }

    /// - Throws: the errors of the restore; `ExitStatus.partial` if an object is incomplete.
    func run(_ road: RestoreJob.Road) async throws {
        switch road {
        case .files(let directory) where isDryRun: try preview(try await job.planFiles(to: directory))
        case .files(let directory): try await restoreFiles { try await $0.restoreFiles(to: directory) }
        case .volume where isDryRun: try preview(try await job.planVolume())
        case .volume: try await restoreFiles { try await $0.restoreVolume() }
        case .importer(let importer, let directory): try await importing(with: importer, into: directory)
        }
    }

    private func restoreFiles(
        _ restore: @escaping @Sendable (RestoreJob) async throws -> ComponentRestore.Report
    ) async throws {
        let report = try await display.during { [job] in try await restore(job) }
        for line in report.advice { output.warn(line) }
        warnOfDamage()
        var result = FilesRestored(set: job.set.name, job.manifest, report, isSlice: job.slice != nil)
        result.transfer = Transfer(wanted: report.bytes - report.reusedBytes, meter.reading)
        result.passedOver = passedOver.isEmpty ? nil : passedOver
        result.isPart = job.slice != nil || !job.paths.isEmpty
        if let shortfall = report.shortfall { output.warn(shortfall.text(target: report.target)) }
        try output.result(result) { result.text }
        if report.shortfall?.isSerious == true { throw ExitStatus.partial }
    }

    private func preview(_ plan: ComponentRestore.Plan) throws {
        warnOfDamage()
        var result = FilesPreview(set: job.set.name, component: job.component, plan)
        result.passedOver = passedOver.isEmpty ? nil : passedOver
        try output.result(result) { result.text }
    }

    private func importing(with importer: any ComponentImporter, into directory: String?) async throws {
        let report = ImportReport(json: options.json, showsSame: options.verbose)
        func end(_ error: (any Error)? = nil) throws {
            try report.end(set: job.set.name, component: job.component, isDryRun: isDryRun, error: error)
        }
        do {
            try await display.during { [job, prefix, isDryRun] in
                try await job.runImport(with: importer, into: directory, prefix: prefix, isDryRun: isDryRun) {
                    report.add($0)
                }
            }
        } catch {
            // Objects imported before the server failed are printed already, so the document is completed.
            if !report.isEmpty { try end(error) }
            throw error
        }
        warnOfDamage()
        try end()
        if !report.isWhole { throw ExitStatus.partial }
    }

    private func warnOfDamage() {
        for damage in job.manifest.damage {
            output.warn("'\(damage.path.printable)' is not in this backup: \(damage.reason)")
        }
    }
}
