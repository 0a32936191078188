package import BackupRepository
import Platform
import StackConfiguration

/// The previous content that restores kept beside the directories of components, and that may be removed.
package struct PreviousContentRow: Encodable {
    package var component: String
    package var path: String
    package var replaced: Timestamp
    package var ageSeconds: Int
    package var bytes: Int
    /// False if the content is larger than `bytes`, because counting stopped early.
    package var isWhole: Bool
    /// The command that removes the content.
    package var command: String

    package static func all(_ session: Session, now: Timestamp) async -> [PreviousContentRow] {
        await session.pool.run {
            var seen: Set<String> = []
            return session.configuration.components.flatMap { component in
                (component.home.map(PreviousContent.beside) ?? []).compactMap { content in
                    guard seen.insert(content.path).inserted else { return nil }
                    let (bytes, isWhole) = content.size()
                    return PreviousContentRow(
                        component: component.name, path: content.path, replaced: content.replaced,
                        ageSeconds: max(0, now.seconds - content.replaced.seconds), bytes: bytes, isWhole: isWhole,
                        command: "rm -rf --one-file-system -- '\(content.path.replacing("'", with: "'\\''"))'")
                }
            }
        }
    }

    /// The table as text; nil without rows.
    package static func text(_ rows: [PreviousContentRow]) -> String? {
        guard !rows.isEmpty else { return nil }
        var table = Table([
            ("PREVIOUS CONTENT OF", .left), ("SIZE", .right), ("AGE", .right), ("REMOVE WITH", .left),
        ])
        for row in rows {
            table.add([
                row.component, (row.isWhole ? "" : "over ") + Units.bytes(row.bytes),
                Units.duration(seconds: row.ageSeconds), row.command,
            ])
        }
        return table.text
    }
}
