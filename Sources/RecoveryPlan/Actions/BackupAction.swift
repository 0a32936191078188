package import Documents

/// Takes a backup and waits for its set: `backup: {}`, or `backup: {maximum_age: 1h}` where a recent one will do.
package struct BackupAction: Action {
    package static let keyword = "backup"
    package static let isCondition = false

    package var maximumAge: Period?

    package init() {}

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        ActionPreview(["take a backup\(maximumAge.map { ", unless there is one no older than \($0)" } ?? "")"])
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        let set = try await context.services.backup(maximumAge: maximumAge.map { Int($0.duration.components.seconds) })
        return ActionRecord("backup \(set) is there", facts: ["set": set])
    }
}

extension BackupAction: Section {
    package static let keys: [Key<Self>] = [
        Key("maximum_age", \.maximumAge, as: .period, about: "A set that is no older is enough.")
    ]

    package static let shape = Shape<Self>.section()
}
