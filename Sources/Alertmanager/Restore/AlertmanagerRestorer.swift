package import BackupRepository
internal import FoundationEssentials
package import Platform

/// Checks the documents of an Alertmanager that are restored as files.
package struct AlertmanagerRestorer: ComponentRestorer {
    package static var kind: String { AlertmanagerSource.kind }

    private let pool: BlockingPool

    /// Bytes. Documents of silences and configurations are far smaller.
    private static let longestDocument = 16 << 20

    package init(pool: BlockingPool) { self.pool = pool }

    package func examine(restored tree: String) async throws -> [Damage] {
        try await pool.run {
            var damage: [Damage] = []
            for path in try FileManager.default.subpathsOfDirectory(atPath: tree).sorted() {
                try Task.checkCancellation()
                guard Self.isDocument(path), let content = FileManager.default.contents(atPath: "\(tree)/\(path)"),
                    let defect = AlertmanagerTree.defect(of: path, [UInt8](content))
                else { continue }
                damage.append(Damage(path: path, reason: defect))
            }
            return damage
        }
    }

    package func inspector(of path: String) -> (any ContentInspector)? {
        guard Self.isDocument(path) else { return nil }
        return DocumentInspector(path, longest: Self.longestDocument) { AlertmanagerTree.defect(of: path, $0) }
    }

    package func advice(restored tree: String, target: String) async -> [String] {
        await pool.run {
            let file = FileManager.default.contents(atPath: "\(tree)/\(AlertmanagerTree.configuration)")
            let hidden = file.map { RunningConfiguration(String(decoding: $0, as: UTF8.self)).hiddenPlaces } ?? []
            var lines = [
                "'\(AlertmanagerTree.silences)' is for dr: run 'dr restore' without --to to put them into Alertmanager"
            ]
            if !hidden.isEmpty {
                lines.append(
                    "'\(AlertmanagerTree.configuration)' has <secret> in \(hidden.count) places: put the secrets in "
                        + "before Alertmanager loads it: \(Gap.list(hidden).printable)")
            }
            return lines
        }
    }

    private static func isDocument(_ path: String) -> Bool {
        path == AlertmanagerTree.configuration || path.hasSuffix(".json")
    }
}
