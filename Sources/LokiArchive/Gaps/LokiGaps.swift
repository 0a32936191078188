package import Blocking
internal import Glibc
package import Repository

/// What a Loki keeps outside of the folders that are backed up.
package struct LokiGaps: GapFinder {
    private let server: LokiAPI?
    private let folders: LokiFolders
    private let pool: BlockingPool

    /// - Parameters:
    ///   - server: nil where only the files are known.
    ///   - data, chunks, rules: as for ``LokiSource``.
    package init(server: LokiAPI?, data: String, chunks: String?, rules: String?, pool: BlockingPool) {
        self.server = server
        folders = LokiFolders(data: data, chunks: chunks, rules: rules)
        self.pool = pool
    }

    package func gaps(_ surroundings: GapSurroundings) async throws -> [Gap] {
        let settings = try await server?.settings()
        return try await pool.run { try found(settings, surroundings) }
    }

    private func found(_ settings: LokiSettings?, _ surroundings: GapSurroundings) throws -> [Gap] {
        var gaps: [Gap] = []
        for period in settings?.periods ?? [] where period.objectStore != "filesystem" {
            gaps.append(
                Gap(
                    "chunks from \(period.from) on, which are in \(period.objectStore)",
                    why: "logs of that time are in object storage, which a backup of files does not see",
                    remedy: "protect the bucket by versioning and replication to another region or account"))
        }
        for folder in folders.inOrder(settings).unreachable {
            gaps.append(
                Gap(
                    "'\(folder)', as the server sees it", why: "what it holds is younger than what is in chunks",
                    remedy: "move it below common.path_prefix, so that `data:` has it"))
        }
        let unreadable = try tenants(in: folders.chunks, settings).filter {
            access("\(folders.chunks)/\($0)", R_OK | X_OK) != 0
        }
        if !unreadable.isEmpty {
            gaps.append(
                Gap(
                    "tenants \(Gap.list(unreadable))", why: "their folders are not readable for this user",
                    remedy: "run as Loki's user or as root"))
        }
        // Where `chunks:` leads elsewhere, Loki's usual place may still be in use.
        let usual = "\(folders.data)/\(LokiLayout.chunks)"
        if usual != folders.chunks, FileIdentity(usual) != FileIdentity(folders.chunks), !surroundings.covers(usual) {
            let tenants = try tenants(in: usual, settings)
            if !tenants.isEmpty {
                gaps.append(
                    Gap(
                        "tenants \(Gap.list(tenants)) in '\(usual)'", why: "`chunks:` names another folder",
                        remedy: "take `chunks:` out, or add a second component for them"))
            }
        }
        if server == nil {
            gaps.append(
                Gap(
                    "the schema under which the data were written",
                    why: "Loki finds its data only under the schema they were written with",
                    remedy: "give this component a `url:`, or back up Loki's configuration as kind files"))
        }
        return gaps
    }

    /// Folders of tenants; none where there is no such folder.
    private func tenants(in chunks: String, _ settings: LokiSettings?) throws -> [String] {
        guard access(chunks, F_OK) == 0 else { return [] }
        let indexes = Set(folders.indexes(settings))
        return try FolderEntries.read(chunks).filter { $0.isFolder && !indexes.contains($0.name) }.map(\.name)
    }
}
