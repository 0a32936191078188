package import Documents
internal import Platform

/// A silence of Alertmanager: its time span, the alerts that it mutes, its creator and its comment.
package struct Silence: Equatable, Sendable {
    /// The server chooses it: a silence that is created again gets another one.
    package var id: String
    package var matchers: Set<Matcher>
    /// Milliseconds since 1970.
    package var startsAt: Int
    /// Milliseconds since 1970: at this moment it has ended.
    package var endsAt: Int
    package var creator: String
    package var comment: String
    /// Every field that the server reports, except the state, which follows from the times and the clock.
    package var document: JSONValue

    package enum State: String, CaseIterable, Sendable {
        case active, pending, expired
    }

    /// Reads a silence of the API, version 2, or the document of one.
    /// - Throws: ``SilenceDefect`` for anything else.
    package init(_ value: JSONValue) throws(SilenceDefect) {
        guard value.object != nil else { throw SilenceDefect("it is not an object") }
        guard let id = value["id"]?.text, !id.isEmpty else { throw SilenceDefect("it has no 'id'") }
        guard let list = value["matchers"]?.array, !list.isEmpty else { throw SilenceDefect("it has no 'matchers'") }
        let matchers = list.compactMap { Matcher($0) }
        guard matchers.count == list.count else { throw SilenceDefect("one of its 'matchers' is not valid") }
        guard let starts = value["startsAt"]?.text.flatMap({ Instant.milliseconds($0) }) else {
            throw SilenceDefect("its 'startsAt' is not a time")
        }
        guard let ends = value["endsAt"]?.text.flatMap({ Instant.milliseconds($0) }) else {
            throw SilenceDefect("its 'endsAt' is not a time")
        }
        self.id = id
        self.matchers = Set(matchers)
        startsAt = starts
        endsAt = ends
        creator = value["createdBy"]?.text ?? ""
        comment = value["comment"]?.text ?? ""
        document = value.removing(["status"]).adding([
            // Their order has no meaning, and must not make a difference between two backups.
            "matchers": .array(Set(matchers).sorted { "\($0)" < "\($1)" }.map(\.json))
        ])
    }

    /// - Parameter now: milliseconds since 1970, by the server's clock.
    package func state(at now: Int) -> State {
        endsAt <= now ? .expired : startsAt <= now ? .active : .pending
    }

    /// The body of a request that creates it; with an id, one that changes the silence of that id.
    func form(id: String? = nil) -> JSONValue {
        var form = document.removing(["id", "updatedAt"])
        if let id { form["id"] = .string(id) }
        return form
    }

    /// `{alertname="Down", job=~"node.*"}`.
    package var matching: String { "{\(matchers.map { "\($0)" }.sorted().joined(separator: ", "))}" }

    /// One line for operators: the muted alerts, the end and the creator.
    package var title: String {
        let matching = matching.printable
        let short = matching.count > 120 ? matching.prefix(119) + "…" : matching
        return "\(short) until \(Instant.text(endsAt)) by '\(creator.prefix(60).description.printable)'"
    }
}

/// A fault in a document that should describe a silence.
package struct SilenceDefect: Error, Equatable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}
