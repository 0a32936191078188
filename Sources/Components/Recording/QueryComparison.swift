package import BackupRepository
internal import Cryptography
internal import Documents

/// Runs the recorded queries of a stack's components, and compares the results with those recorded with a set.
package struct QueryComparison: Sendable {
    private let stack: CheckedStack

    package init(_ stack: CheckedStack) { self.stack = stack }

    /// - Returns: nil for an empty result, which cannot be compared.
    /// - Throws: an error if there is no result.
    package func record(_ query: RecordedQuery) throws -> RecordedResult? {
        guard let outcome = try recorder(of: query).resultToRecord(of: query), !outcome.isEmpty else { return nil }
        return Self.recorded(query, outcome)
    }

    /// Runs a recorded query again.
    /// - Returns: the present result if it differs; nil if it is equal.
    package func difference(from recorded: RecordedResult) throws -> RecordedResult? {
        let outcome = try recorder(of: recorded.query).result(of: recorded.query)
        let now = Self.recorded(recorded.query, outcome)
        // For data that is still being written, a larger number is not a difference.
        if let least = recorded.least { return now.least.map { $0 >= least } == true ? nil : now }
        let equal = [now.sha256] + (outcome.former.map { [Digest(of: $0.compact).hex] } ?? [])
        return equal.contains(recorded.sha256) ? nil : now
    }

    private static func recorded(_ query: RecordedQuery, _ outcome: QueryOutcome) -> RecordedResult {
        let text = outcome.text.count > 120 ? outcome.text.prefix(119) + "…" : outcome.text
        var recorded = RecordedResult(query, sha256: Digest(of: outcome.value.compact).hex, text: text)
        recorded.least = outcome.least
        return recorded
    }

    private func recorder(of query: RecordedQuery) throws -> any QueryRecorder {
        guard let component = stack.components.first(where: { $0.name == query.component }) else {
            throw CheckFailure("-", "there is no component '\(query.component)'")
        }
        guard let recorder = try component.recorder() else {
            throw CheckFailure("-", "component '\(query.component)' has no 'url'")
        }
        return recorder
    }
}

extension CheckedComponent {
    /// - Throws: ``CheckFailure`` if its secrets cannot be read.
    func recorder() throws -> (any QueryRecorder)? {
        do { return try settings.recorder(self) } catch { throw CheckFailure("-", "\(error)") }
    }
}
