import BackupRepository
import FoundationEssentials
import Platform
import Components
import StackConfiguration

/// The part of a backup that serves the checks after a restore: writes canaries before the capture, and records queries
/// after it. Failures are only warnings.
struct SetRecording {
    let session: Session
    let output: Output

    private var settings: ChecksConfiguration { session.configuration.checks }

    /// Writes a canary to each component of the backup that supports one.
    func writeCanaries(to chosen: [ComponentConfiguration]) async -> [RecordedCanary] {
        let names = Set(chosen.map(\.name))
        let value = CanaryValue.make(at: session.now())
        var written: [RecordedCanary] = []
        for (component, canary) in session.canaries() where names.contains(component) {
            do {
                let canary = try canary.get()
                let at = try await session.pool.run { try canary.write(value) }
                written.append(RecordedCanary(component: component, value: value, at: at))
            } catch { output.warn("the canary of '\(component)' could not be written: \(error)") }
        }
        return written
    }

    /// Runs the queries that a restored stack must answer equally, and stores the results with the set.
    func record(_ set: BackupSet, canaries: [RecordedCanary], in repository: Repository) async {
        let stack = CheckedStack(session)
        let isAsked =
            settings.record && stack.components.contains { $0.recordsQueries && set.components[$0.name] != nil }
        guard isAsked || !canaries.isEmpty else { return }
        do {
            var results: [RecordedResult] = []
            var omissions: [RecordedOmission] = []
            if isAsked {
                let stack = try await session.pool.run {
                    var held = stack
                    held.components.removeAll { set.components[$0.name] == nil }
                    try held.learn(from: RestoreSelection(set), in: repository)
                    return held
                }
                let record = try await SetRecorder(
                    stack, queries: queries(of: stack), pool: session.pool
                ).record()
                for warning in record.warnings { output.warn(warning) }
                results = record.results
                omissions = record.omissions
                let beyond = results.dropFirst(RecordedMark.longestList)
                if !beyond.isEmpty {
                    output.warn("only \(RecordedMark.longestList) of \(results.count) query results are recorded")
                    omissions += Dictionary(grouping: beyond, by: \.query.component).sorted { $0.key < $1.key }.map {
                        RecordedOmission(
                            component: $0.key, queries: $0.value.count,
                            reason: "beyond the limit of \(RecordedMark.longestList) recorded results per set")
                    }
                }
            }
            let mark = RecordedMark(
                tool: Release.tool, set: set.name, results: results,
                canaries: canaries.filter { set.components[$0.component] != nil }, omissions: omissions)
            try await session.pool.run { _ = try Marks(repository).put(mark) }
        } catch {
            output.warn("queries could not be recorded with set \(set.name), but the backup is complete: \(error)")
        }
    }

    /// The configured queries, each at a time that the set certainly holds.
    private func queries(of stack: CheckedStack) -> [RecordedQuery] {
        settings.queries.compactMap { query in
            guard let component = stack.components.first(where: { $0.name == query.component }),
                let language = component.kind.recordedQueries?.userLanguage, let watermark = component.watermark
            else { return nil }
            return RecordedQuery(
                language, of: component.name, query.query, tenant: query.tenant,
                from: RecordedQuery.moment(before: watermark))
        }
    }
}
