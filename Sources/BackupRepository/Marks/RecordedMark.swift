internal import ObjectStorage

/// `recorded`: the results of queries that the live stack gave right after a backup, and the canaries that were written
/// into it before. They prove that a restore is of this backup, and complete. Its time is that of its set, by which it is
/// found.
package struct RecordedMark: Mark {
    package static let kind: String = "recorded"
    package var format: Int = RepositoryFormat.version
    package var kind: String = RecordedMark.kind
    package var takesAway: Bool { false }
    package static var isPrivate: Bool { true }
    package var at: Timestamp
    package var tool: String
    package var set: Timestamp
    package var results: [RecordedResult]
    package var canaries: [RecordedCanary]
    /// Queries whose results are not known; nil where all were recorded.
    package var omissions: [RecordedOmission]?

    private enum CodingKeys: String, CodingKey {
        case format, kind, at, tool, set, omissions
        case results = "answers"
        case canaries = "sentinels"
    }

    /// Results beyond this are not kept: the mark stays below a mebibyte or so.
    package static let longestList = 2000

    package init(
        tool: String, set: Timestamp, results: [RecordedResult], canaries: [RecordedCanary],
        omissions: [RecordedOmission] = []
    ) {
        at = set
        self.tool = tool
        self.set = set
        self.results = Array(results.prefix(Self.longestList))
        self.canaries = canaries
        self.omissions = omissions.isEmpty ? nil : Array(omissions.prefix(Self.longestList))
    }
}

/// Queries about a component that were not recorded with a set, so that a check must not count them as equal.
package struct RecordedOmission: Codable, Equatable, Sendable {
    package var component: String
    package var queries: Int
    /// Of the first of them: at most 200 characters.
    package var reason: String

    private enum CodingKeys: String, CodingKey {
        case component, reason
        case queries = "questions"
    }

    package init(component: String, queries: Int, reason: String) {
        self.component = component
        self.queries = queries
        self.reason = reason.count > 200 ? reason.prefix(199) + "…" : reason
    }
}

/// A query that can be asked again after a restore, and must then have the same result.
package struct RecordedQuery: Codable, Hashable, Sendable {
    /// The language of a query, by its word in the repository. Each kind of component names its own.
    package struct Language: RawRepresentable, Codable, Hashable, Sendable {
        package var rawValue: String

        package init(rawValue: String) { self.rawValue = rawValue }
    }

    package var component: String
    package var language: Language
    /// Expression, selector, uid or index.
    package var text: String
    /// The tenant or organisation, where the server has some.
    package var tenant: String?
    /// Milliseconds since 1970: the moment of an instant query, or the half-open window's limits.
    package var from: Int?
    package var to: Int?
    /// Of lines: the newest ones. Nil for the oldest ones.
    package var newest: Bool?

    package init(
        _ language: Language, of component: String, _ text: String, tenant: String? = nil, from: Int? = nil,
        to: Int? = nil, newest: Bool? = nil
    ) {
        self.language = language
        self.component = component
        self.text = text
        self.tenant = tenant
        self.from = from
        self.to = to
        self.newest = newest
    }
}

/// A query with its result: a digest, because results may be long and private, and a few words for people.
package struct RecordedResult: Codable, Equatable, Sendable {
    package var query: RecordedQuery
    /// SHA-256 of the result in canonical form, in hexadecimal.
    package var sha256: String
    /// "3 series", at most 120 characters.
    package var text: String
    /// The least number of things: as many or more include all of the set's. Nil where the result must be the same.
    package var least: Int?

    private enum CodingKeys: String, CodingKey {
        case sha256, text, least
        case query = "question"
    }

    package init(_ query: RecordedQuery, sha256: String, text: String) {
        self.query = query
        self.sha256 = sha256
        self.text = text
    }
}

/// A canary that was written into a component before its backup.
package struct RecordedCanary: Codable, Equatable, Sendable {
    package var component: String
    /// `dr-<timestamp>-<random>`: the timestamp orders it; the random part only makes it unique.
    package var value: String
    /// Milliseconds since 1970, when it was seen there.
    package var at: Int

    private enum CodingKeys: String, CodingKey {
        case component, at
        case value = "nonce"
    }

    package init(component: String, value: String, at: Int) {
        self.component = component
        self.value = value
        self.at = at
    }
}

extension Marks {
    /// The record that belongs to a set; nil where there is none.
    package func recorded(with set: Timestamp) throws -> RecordedMark? {
        let prefix = "\(Self.prefix(RecordedMark.kind))\(set)-"
        for object in try list(RecordedMark.kind).reversed() where object.key.text.hasPrefix(prefix) {
            if let mark = try read(object.key, as: RecordedMark.self), mark.set == set { return mark }
        }
        return nil
    }
}
