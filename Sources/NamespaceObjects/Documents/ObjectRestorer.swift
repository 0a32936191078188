internal import BackupRepository
internal import FoundationEssentials
internal import Platform

/// Checks the documents of objects that are restored as files.
struct ObjectRestorer: ComponentRestorer {
    static var kind: String { NamespaceObjectsComponent.name }

    let pool: BlockingPool

    func examine(restored tree: String) async throws -> [Damage] {
        try await pool.run {
            var damage: [Damage] = []
            for path in try FileManager.default.subpathsOfDirectory(atPath: tree).sorted() where path.hasSuffix(".json")
            {
                try Task.checkCancellation()
                guard let content = FileManager.default.contents(atPath: "\(tree)/\(path)") else { continue }
                if let defect = ObjectDocument.defect(of: [UInt8](content)) {
                    damage.append(Damage(path: path, reason: defect))
                }
            }
            return damage
        }
    }

    func inspector(of path: String) -> (any ContentInspector)? {
        guard path.hasSuffix(".json") else { return nil }
        return DocumentInspector(path, longest: ObjectDocument.longest, defect: ObjectDocument.defect)
    }

    func advice(restored tree: String, target: String) async -> [String] {
        ["run 'dr restore' without --to to put the objects into the cluster in their order"]
    }
}
