import Documents

/// A file of corrective actions, as people edit it: `actions: [{action: …, owner: …, due: 2026-12-01}]`.
enum CorrectiveActionsFile {
    /// - Throws: `DocumentError` with everything that is wrong.
    static func read(_ path: String) throws -> [CorrectiveAction] {
        try YAMLDocument(reading: path, emptyHint: "it holds `actions:`, a list of {action, owner, due}")
            .section(Actions.self).actions.map {
                CorrectiveAction(action: $0.action, owner: $0.owner, due: $0.due, done: $0.done)
            }
    }

    private struct Actions: Section {
        var actions: [Entry] = []

        static let keys: [Key<Self>] = [
            Key("actions", \.actions, as: .list(of: .section()), required: true, about: "What is to be done.")
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
