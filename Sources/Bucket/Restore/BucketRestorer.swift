package import BackupRepository
internal import FoundationEssentials
package import Platform
internal import Prometheus
internal import Synchronization

/// Checks restored objects: chunks of Loki by their names, blocks of Thanos and Mimir by the verifier of blocks.
package struct BucketRestorer: ComponentRestorer {
    package static let kind = "bucket"

    private static let width = 2

    private let layout: BucketLayout?
    private let pool: BlockingPool

    /// - Parameter layout: nil without settings: the keys show what the objects are.
    package init(layout: BucketLayout?, pool: BlockingPool) {
        self.layout = layout
        self.pool = pool
    }

    package func inspector(of path: String) -> (any ContentInspector)? {
        ObjectInspection.inspector(of: path, layout)
    }

    /// Objects have no owner.
    package var recordsOwners: Bool { false }

    package func advice(restored tree: String, target: String) async -> [String] { [] }

    /// Verifies every block of a restored directory completely, and every other object that has a check.
    package func examine(restored tree: String) async throws -> [Damage] {
        var damage = try await pool.run { try inspect(tree) }
        let blocks = await pool.run { Self.blocks(in: tree) }
        if let profile = layout?.profile, [.plain, .loki, .tempo].contains(profile) { return damage }
        let found = Mutex([Damage]())
        try await blocks.concurrentForEach(limit: Self.width) { [pool] name in
            let report = try await pool.run { try BlockVerifier("\(tree)/\(name)", allowsAggregates: true).verify() }
            let parts = report.damage.map { part in
                Damage(path: part.path.isEmpty ? name : "\(name)/\(part.path)", reason: part.reason)
            }
            found.withLock { $0 += parts }
        }
        for part in found.withLock({ $0 }) where !damage.contains(where: { $0.path == part.path }) {
            damage.append(part)
        }
        return damage.sorted { $0.path < $1.path }
    }

    /// The paths of blocks: at the top, or below the name of a tenant.
    private static func blocks(in tree: String) -> [String] {
        func names(_ folder: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        }
        var blocks: [String] = []
        for name in names(tree) {
            if BlockName.isBlock(name) {
                blocks.append(name)
            } else {
                blocks += names("\(tree)/\(name)").filter(BlockName.isBlock).map { "\(name)/\($0)" }
            }
        }
        return blocks
    }

    private func inspect(_ tree: String) throws -> [Damage] {
        if let profile = layout?.profile, [.plain, .tempo].contains(profile) { return [] }
        var damage: [Damage] = []
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var folders = [""]
        while let folder = folders.popLast() {
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(tree)/\(folder)")
            for name in names {
                try Task.checkCancellation()
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                var isFolder = false
                let file = "\(tree)/\(path)"
                guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) else { continue }
                if isFolder {
                    folders.append(path)
                } else if let inspector = inspector(of: path) {
                    damage += inspector.inspect(path, at: file, &buffer)
                }
            }
        }
        return damage
    }
}
