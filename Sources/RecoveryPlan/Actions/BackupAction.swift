package import Documents

/// Takes a backup and waits for its set: `backup: {}`, or `backup: {maximum_age: 1h}` if a recent set is sufficient.
package struct BackupAction: Action {
    package static let keyword = "backup"
    package static let isCondition = false

    package var maximumAge: Period?

    package init() {}

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        ActionPreview(["take a backup\(maximumAge.map { ", unless one is at most \($0) old" } ?? "")"])
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        let set = try await context.services.backup(maximumAge: maximumAge.map { Int($0.duration.components.seconds) })
        return ActionRecord("backup \(set) exists", facts: ["set": set])
    }
}

extension BackupAction: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "maximum_age", \.maximumAge, as: .period,
            about: "Maximum age of an existing set that makes a new backup unnecessary.")
    ]

    package static let shape = Shape<Self>.section()
}
