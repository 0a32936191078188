package import BackupRepository
package import Documents
internal import Platform

/// Runs the recorded queries of a component on its server: once to record the results with a set, and again to compare
/// a restore with the set. All calls block.
package protocol QueryRecorder: Sendable {
    /// The default queries: few, with exact results, and about times that the backup certainly holds. Counts, minimums
    /// and maximums are exact; a sum of floating-point numbers depends on the order of its series.
    func derived() throws -> [RecordedQuery]

    /// The present result of the server.
    /// - Throws: ``CheckFailure`` if the server refuses this query; another error if it cannot be reached.
    func result(of query: RecordedQuery) throws -> QueryOutcome

    /// The result for the backup: the server's present result, unless the backup has its own. Nil if there is nothing to
    /// compare with.
    func resultToRecord(of query: RecordedQuery) throws -> QueryOutcome?
}

extension QueryRecorder {
    package func resultToRecord(of query: RecordedQuery) throws -> QueryOutcome? { try result(of: query) }
}

/// The result of a query in canonical form.
package struct QueryOutcome: Sendable {
    package var value: JSONValue
    /// A short text.
    package var text: String
    /// True if the result is empty, so that a comparison shows nothing.
    package var isEmpty: Bool
    /// The value in the form of older versions, if they recorded only a part of it.
    package var former: JSONValue?
    /// The minimum number of objects, if a larger number also counts as equal.
    package var least: Int?

    package init(
        _ value: JSONValue, text: String, isEmpty: Bool = false, former: JSONValue? = nil, least: Int? = nil
    ) {
        self.value = value
        self.text = text
        self.isEmpty = isEmpty
        self.former = former
        self.least = least
    }

    /// "1 line", "3 series".
    package static func count(_ number: Int, _ word: String, plural: String? = nil) -> String {
        "\(number) \(number == 1 ? word : plural ?? word + "s")"
    }
}

/// The queries of a kind that are recorded.
package struct RecordedQueryRules: Sendable {
    /// The language of the user's queries under `checks: queries:`; nil if the kind does not support them.
    package var userLanguage: RecordedQuery.Language?
    /// The largest number of recorded queries per language; others count as not recorded. Other languages have no limit.
    package var limits: [RecordedQuery.Language: Int]

    package init(userLanguage: RecordedQuery.Language?, limits: [RecordedQuery.Language: Int]) {
        self.userLanguage = userLanguage
        self.limits = limits
    }
}

extension RecordedQuery {
    /// Seconds between the time of a query and the newest datum, since running scrapes may still add samples.
    package static let margin = 120

    /// The time for a query about the newest data.
    /// - Parameter watermark: the time of the newest datum, in milliseconds since 1970.
    /// - Returns: milliseconds since 1970.
    package static func moment(before watermark: Int) -> Int {
        let watermark = min(max(watermark, 0), DocumentRange.milliseconds.upperBound)
        return (watermark / 1000 - margin) * 1000
    }
}

extension CheckFailure {
    /// The error of a recorded query in a language that the component's kind does not support.
    package static func unknownLanguage(of query: RecordedQuery) -> CheckFailure {
        CheckFailure("-", "'\(query.component)' does not support queries in '\(query.language.rawValue)'")
    }
}
