package import BackupRepository
package import Platform
internal import Synchronization

/// Runs the recorded queries on the live stack right after a backup.
package struct SetRecorder: Sendable {
    private let stack: CheckedStack
    /// The user's queries, in addition to the default ones.
    private let queries: [RecordedQuery]
    private let pool: BlockingPool
    private static let lanes = 4

    package init(_ stack: CheckedStack, queries: [RecordedQuery], pool: BlockingPool) {
        self.stack = stack
        self.queries = queries
        self.pool = pool
    }

    /// The results in a fixed order, a warning for each query without one, and the queries that the check must not count
    /// as equal.
    package struct Record: Sendable {
        package var results: [RecordedResult] = []
        package var warnings: [String] = []
        package var omissions: [RecordedOmission] = []
    }

    package func record() async throws -> Record {
        let found = Mutex([Int: Record]())
        try await stack.components.enumerated().map { $0 }.concurrentForEach(limit: Self.lanes) { number, component in
            try await pool.run {
                try Task.checkCancellation()
                let record = self.record(of: component)
                found.withLock { $0[number] = record }
            }
        }
        let records = found.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
        return Record(
            results: records.flatMap(\.results), warnings: records.flatMap(\.warnings).sorted(),
            omissions: records.flatMap(\.omissions))
    }

    private func record(of component: CheckedComponent) -> Record {
        var record = Record()
        func omit(_ count: Int, _ reason: String) {
            guard count > 0 else { return }
            record.omissions.append(RecordedOmission(component: component.name, queries: count, reason: reason))
        }
        var all = queries.filter { $0.component == component.name }
        let own = Set(all)
        let recorder: (any QueryRecorder)?
        do { recorder = try component.recorder() } catch {
            record.warnings.append("the queries of '\(component.name)' are not recorded: \(error)")
            omit(1, "\(error)")
            return record
        }
        do {
            let (kept, beyond) = Self.limited(try recorder?.derived() ?? [], component.kind.recordedQueries)
            all += kept
            omit(beyond, "beyond the limit of recorded queries per kind")
        } catch {
            record.warnings.append("the queries of '\(component.name)' are not recorded: \(error)")
            omit(1, "\(error)")
        }
        let comparison = QueryComparison(stack)
        var refused: (count: Int, reason: String) = (0, "")
        for (number, query) in all.enumerated() where !Task.isCancelled {
            do {
                if let result = try comparison.record(query) {
                    record.results.append(result)
                } else if own.contains(query) {
                    record.warnings.append("'\(query.text)' of '\(component.name)' has no result to compare with")
                    omit(1, "'\(query.text)' has no result")
                }
            } catch {
                record.warnings.append("'\(query.text)' of '\(component.name)' is not recorded: \(error)")
                if refused.count == 0 { refused.reason = "'\(query.text)': \(error)" }
                refused.count += 1
                // The remaining queries would fail too if the server is not reachable.
                if (error as? any MeasuredError)?.isServerAway != false {
                    refused.count = refused.count + all.count - number - 1
                    break
                }
            }
        }
        omit(refused.count, refused.reason)
        return record
    }

    private static func limited(
        _ queries: [RecordedQuery], _ rules: RecordedQueryRules?
    ) -> (kept: [RecordedQuery], beyond: Int) {
        var seen: [RecordedQuery.Language: Int] = [:]
        let kept = queries.filter { query in
            guard let limit = rules?.limits[query.language] else { return true }
            seen[query.language, default: 0] += 1
            return seen[query.language, default: 0] <= limit
        }
        return (kept, queries.count - kept.count)
    }
}
