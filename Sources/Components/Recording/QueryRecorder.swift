package import BackupRepository
package import Documents
internal import Platform

/// Asks a component's server the queries whose results are recorded with a set: once when they are recorded, and again
/// when a restore is compared with the set. All calls block.
package protocol QueryRecorder: Sendable {
    /// The queries to record without any configuration: few, with exact results, and about times that the backup holds
    /// for certain. A sum of floating-point numbers depends on the order of its series; counts, least and greatest
    /// values do not.
    func derived() throws -> [RecordedQuery]

    /// The result that the server gives now.
    /// - Throws: ``CheckFailure`` where the server refuses this query; another error where it cannot be reached.
    func result(of query: RecordedQuery) throws -> QueryOutcome

    /// The result that belongs to the backup: the server's present one, unless the backup itself counted. Nil where
    /// there is nothing to compare with.
    func resultToRecord(of query: RecordedQuery) throws -> QueryOutcome?
}

extension QueryRecorder {
    package func resultToRecord(of query: RecordedQuery) throws -> QueryOutcome? { try result(of: query) }
}

/// The result of a query in canonical form.
package struct QueryOutcome: Sendable {
    package var value: JSONValue
    /// In a few words, for people.
    package var text: String
    /// True where the result proves nothing.
    package var isEmpty: Bool
    /// The value as older versions recorded it, where they did not look at all of it.
    package var former: JSONValue?
    /// The least number of things, of which more make no difference.
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
    /// The language of the user's own queries, under `checks: queries:`; nil where the kind takes none.
    package var userLanguage: RecordedQuery.Language?
    /// The greatest number of queries of a language that are asked; others are counted as not recorded. Languages that
    /// are not named have no limit.
    package var limits: [RecordedQuery.Language: Int]

    package init(userLanguage: RecordedQuery.Language?, limits: [RecordedQuery.Language: Int]) {
        self.userLanguage = userLanguage
        self.limits = limits
    }
}

extension RecordedQuery {
    /// Seconds that a query stays behind the newest datum: scrapes under way may still add samples before it.
    package static let margin = 120

    /// The moment at which a query about the newest data is asked.
    /// - Parameter watermark: the time of the newest datum, in milliseconds since 1970.
    /// - Returns: milliseconds since 1970.
    package static func moment(before watermark: Int) -> Int {
        let watermark = min(max(watermark, 0), DocumentRange.milliseconds.upperBound)
        return (watermark / 1000 - margin) * 1000
    }
}

extension CheckFailure {
    /// A recorded query in a language that the component's kind does not speak.
    package static func unknownLanguage(of query: RecordedQuery) -> CheckFailure {
        CheckFailure("-", "'\(query.component)' takes no queries in '\(query.language.rawValue)'")
    }
}
