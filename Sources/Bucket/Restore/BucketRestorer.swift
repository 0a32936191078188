package import BackupRepository
internal import FoundationEssentials
package import Platform
internal import Prometheus

/// Checks restored objects: chunks of Loki by their names, blocks of Thanos and Mimir by the verifier of blocks.
package struct BucketRestorer: ComponentRestorer {
    package static let kind = "bucket"

    private static let width = 2

    private let profile: BucketProfile?
    private let pool: BlockingPool

    /// - Parameter profile: nil without settings: the keys show what the objects are.
    package init(profile: BucketProfile?, pool: BlockingPool) {
        self.profile = profile
        self.pool = pool
    }

    package func inspector(of path: String) -> (any ContentInspector)? {
        ObjectInspection.inspector(of: path, profile)
    }

    /// Objects have no owner.
    package var recordsOwners: Bool { false }

    package func advice(restored tree: String, target: String) async -> [String] { [] }

    /// Verifies every block of a restored directory completely, and every other object that has a check.
    package func examine(restored tree: String) async throws -> [Damage] {
        var damage = try await pool.run { try inspect(tree) }
        let blocks = await pool.run { Self.blocks(in: tree) }
        guard profile != .plain, profile != .loki, profile != .tempo else { return damage }
        let found = FoundBlockDamage()
        try await blocks.concurrentForEach(limit: Self.width) { [pool] name in
            let report = try await pool.run { try BlockVerifier("\(tree)/\(name)", allowsAggregates: true).verify() }
            found.add(
                report.damage.map { part in
                    Damage(path: part.path.isEmpty ? name : "\(name)/\(part.path)", reason: part.reason)
                })
        }
        for part in found.list where !damage.contains(where: { $0.path == part.path }) { damage.append(part) }
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
        guard profile != .plain, profile != .tempo else { return [] }
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
                    damage += RestoredObject.check(path, at: file, with: inspector, &buffer)
                }
            }
        }
        return damage
    }
}
