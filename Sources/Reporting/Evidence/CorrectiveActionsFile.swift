import Documents

/// A file of corrective actions, as people edit it: `actions: [{action: …, owner: …, due: 2026-12-01}]`, and the
/// sign-off: `reviewed: {by: …, at: 2026-12-02}`.
package enum CorrectiveActionsFile {
    /// - Throws: `DocumentError` with everything that is wrong.
    package static func read(_ path: String) throws -> (actions: [CorrectiveAction], review: Review?) {
        let file = try YAMLDocument(reading: path, emptyHint: "it holds `actions:`, a list of {action, owner, due}")
            .section(Actions.self)
        return (
            file.actions.map { CorrectiveAction(action: $0.action, owner: $0.owner, due: $0.due, done: $0.done) },
            file.reviewed.map { Review(by: $0.by, at: $0.at) }
        )
    }

    private struct Actions: Section {
        var actions: [Entry] = []
        var reviewed: Sign?

        static let keys: [Key<Self>] = [
            Key("actions", \.actions, as: .list(of: .section()), required: true, about: "What is to be done."),
            Key("reviewed", \.reviewed, as: .section(), about: "Who read the report, and when."),
        ]
    }

    private struct Sign: Section {
        var by = ""
        var at = ""

        static let keys: [Key<Self>] = [
            Key("by", \.by, as: .text, required: true, about: "Who read the report."),
            Key("at", \.at, as: .date, required: true, about: "When: 2026-12-01."),
        ]
    }

    private struct Entry: Section {
        var action = ""
        var owner = ""
        var due = ""
        var done: Bool?

        static let keys: [Key<Self>] = [
            Key("action", \.action, as: .text, required: true, about: "What is to be done."),
            Key("owner", \.owner, as: .text, required: true, about: "Who does it."),
            Key("due", \.due, as: .date, required: true, about: "Until when: 2026-12-01."),
            Key("done", \.done, as: .flag, about: "Whether it is done."),
        ]
    }
}
