package import BackupRepository
internal import Glibc
package import Platform

/// Finds data that a Loki keeps outside of the folders that are backed up.
package struct LokiGaps: GapFinder {
    private let server: LokiAPI?
    private let folders: LokiFolders
    private let pool: BlockingPool

    /// - Parameters:
    ///   - server: nil if only the files are known.
    ///   - data, chunks, rules, wal: as for ``LokiSource``.
    package init(
        server: LokiAPI?, data: String, chunks: String?, rules: String?, wal: String? = nil, pool: BlockingPool
    ) {
        self.server = server
        folders = LokiFolders(data: data, chunks: chunks, rules: rules, wal: wal)
        self.pool = pool
    }

    package func gaps(_ surroundings: GapSurroundings) async throws -> [Gap] {
        let settings = try await server?.settings()
        return try await pool.run { try found(settings, surroundings) }
    }

    private func found(_ settings: LokiSettings?, _ surroundings: GapSurroundings) throws -> [Gap] {
        var gaps: [Gap] = []
        let buckets = settings?.buckets?.names ?? []
        let isCovered =
            buckets.isEmpty
            ? surroundings.covers(bucket: nil, of: "loki")
            : buckets.allSatisfy { surroundings.covers(bucket: $0, of: "loki") }
        for period in settings?.periods ?? [] where period.objectStore != "filesystem" {
            if period.isInS3, isCovered { continue }
            gaps.append(
                Gap(
                    "chunks from \(period.from), which are in \(period.objectStore)",
                    why: "logs of that time are in object storage, which a backup of files does not include",
                    remedy: period.isInS3
                        ? "add a component of kind bucket with `profile: loki` and the URL of the bucket"
                        : "protect the bucket itself, by versions and replication: dr reads S3 only"))
        }
        if settings?.hasWriteAheadLog == false {
            gaps.append(
                Gap(
                    "lines that are in Loki's memory only",
                    why: "the server has no write-ahead log (ingester.wal.enabled)",
                    remedy: "turn on ingester.wal, or set `flush: true` for this component"))
        }
        if server == nil {
            gaps.append(
                Gap(
                    "the schema under which the data were written",
                    why: "Loki finds its data only under the schema they were written with",
                    remedy: "give this component a `url:`, or back up Loki's configuration as kind files"))
        }
        // The folders of a pod are not on this machine; a backup looks at them in the volume.
        if !surroundings.isInPod { gaps += try inFolders(settings, surroundings) }
        return gaps
    }

    /// Finds data in folders of this machine.
    private func inFolders(_ settings: LokiSettings?, _ surroundings: GapSurroundings) throws -> [Gap] {
        var gaps: [Gap] = []
        let layout = try folders.layout(settings, "gaps of '\(folders.data)'")
        for missing in layout.missing {
            gaps.append(
                Gap(
                    "'\(missing.path)' of the server", why: missing.reason,
                    remedy: "set the key named above, or move the folder below common.path_prefix"))
        }
        let unreadable = folders.tenants(in: layout.chunks, settings).filter {
            access("\(layout.chunks)/\($0)", R_OK | X_OK) != 0
        }
        if !unreadable.isEmpty {
            gaps.append(
                Gap(
                    "tenants \(Gap.list(unreadable))", why: "their folders are not readable for this user",
                    remedy: "run as Loki's user or as root"))
        }
        // If `chunks:` leads to another folder, Loki's usual one may still be in use.
        let usual = "\(folders.data)/\(LokiLayout.chunks)"
        if usual != layout.chunks, FileIdentity(usual) != FileIdentity(layout.chunks), !surroundings.covers(usual) {
            let tenants = folders.tenants(in: usual, settings)
            if !tenants.isEmpty {
                gaps.append(
                    Gap(
                        "tenants \(Gap.list(tenants)) in '\(usual)'", why: "the chunks are read from another folder",
                        remedy: "add a second component for them, or remove them"))
            }
        }
        return gaps
    }
}
