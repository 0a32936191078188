internal import ObjectStorage

/// `recorded`: the results of queries to the live stack right after a backup, and the canaries that were written before
/// it, so that a restore can show that the restored data are this backup, whole. Its time is that of its set, by which
/// it is found.
package struct RecordedMark: Mark {
    package static let kind: String = "recorded"
    package var format: Int = RepositoryFormat.version
    package var kind: String = RecordedMark.kind
    package var at: Timestamp
    package var tool: String
    package var set: Timestamp
    package var answers: [RecordedAnswer]
    package var sentinels: [RecordedSentinel]
    /// Queries without known results; nil if all were recorded.
    package var omissions: [RecordedOmission]?

    /// The largest number of recorded results: the mark stays below about a mebibyte.
    package static let longestList = 2000

    package init(
        tool: String, set: Timestamp, answers: [RecordedAnswer], sentinels: [RecordedSentinel],
        omissions: [RecordedOmission] = []
    ) {
        at = set
        self.tool = tool
        self.set = set
        self.answers = Array(answers.prefix(Self.longestList))
        self.sentinels = sentinels
        self.omissions = omissions.isEmpty ? nil : Array(omissions.prefix(Self.longestList))
    }
}

/// Queries on a component that were not recorded with a set, so that a check must not count them as equal.
package struct RecordedOmission: Codable, Equatable, Sendable {
    package var component: String
    package var questions: Int
    /// The reason of the first of them: at most 200 characters.
    package var reason: String

    package init(component: String, questions: Int, reason: String) {
        self.component = component
        self.questions = questions
        self.reason = reason.count > 200 ? reason.prefix(199) + "…" : reason
    }
}

/// A query that can be repeated after a restore, and must then have the same result.
package struct RecordedQuestion: Codable, Hashable, Sendable {
    package enum Language: String, Codable, Sendable {
        /// An instant query to Prometheus.
        case promQL = "promql"
        /// An instant query to Loki with a numeric result.
        case logQL = "logql"
        /// The first or last lines of some streams in a time window.
        case logLines = "log_lines"
        /// The uids of an organisation's dashboards.
        case dashboards
        /// One dashboard's model.
        case dashboard
        /// The number of documents in one index.
        case documents
    }

    package var component: String
    package var language: Language
    /// Expression, selector, uid or index.
    package var text: String
    /// Loki's tenant, Grafana's organisation.
    package var tenant: String?
    /// Milliseconds since 1970: the time of an instant query, or the limits of the half-open window.
    package var from: Int?
    package var to: Int?
    /// For lines: true for the newest ones, nil for the oldest ones.
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

/// A query with its result: a digest, because results may be long and private, and a short text for people.
package struct RecordedAnswer: Codable, Equatable, Sendable {
    package var question: RecordedQuestion
    /// SHA-256 of the result in canonical form, in hexadecimal.
    package var sha256: String
    /// "3 series", at most 120 characters.
    package var text: String
    /// For documents: the least number that an index with all of the set's documents holds. Nil if the result must be
    /// equal.
    package var least: Int?

    package init(_ question: RecordedQuestion, sha256: String, text: String) {
        self.question = question
        self.sha256 = sha256
        self.text = text
    }
}

/// A canary that was written into a component before its backup.
package struct RecordedSentinel: Codable, Equatable, Sendable {
    package var component: String
    /// `dr-<timestamp>-<random>`: text order is time order.
    package var nonce: String
    /// Milliseconds since 1970, when it was read there.
    package var at: Int

    package init(component: String, nonce: String, at: Int) {
        self.component = component
        self.nonce = nonce
        self.at = at
    }
}

extension Marks {
    /// Returns the recorded queries of a set; nil if there are none.
    package func recorded(with set: Timestamp) throws -> RecordedMark? {
        let prefix = "\(Self.prefix(RecordedMark.kind))\(set)-"
        for object in try list(RecordedMark.kind).reversed() where object.key.text.hasPrefix(prefix) {
            if let mark = try read(object.key, as: RecordedMark.self), mark.set == set { return mark }
        }
        return nil
    }
}
