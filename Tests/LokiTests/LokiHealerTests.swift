import BackupRepository
import FileTree
import Foundation
import Lab
import Logging
import ObjectStorage
import Platform
import Testing

@testable import Loki

/// Chunks that a heal puts back, from a backup of real files.
@Suite struct LokiHealerTests {
    /// A site whose files are backed up as a tree.
    private struct Healed {
        let site: LokiSite
        let repository: Repository
        let set: BackupSet
        let chunks: [String]

        init() async throws {
            site = try LokiSite(LokiFixture.folders[1])
            repository = try Repository.create(
                in: try DirectoryStore(path: site.folder.url.appending(path: "repository").path, create: true),
                tool: "test", now: Timestamp(seconds: 1_796_000_000)
            ).0
            let state = try StateFolder(site.state.path, repository: repository.description)
            let component = BackupRun.Component(
                name: "logs", kind: "files", source: FileTreeSource(data: site.data.path))
            set = try await BackupRun(
                repository: repository, components: [component], stack: "test", tool: "test", state: state,
                pool: site.pool, logger: Logger(label: "test"), now: { Timestamp(seconds: 1_796_000_000) }
            ).run().set
            chunks = site.paths("chunks").filter { ChunkName($0) != nil }
        }

        func heal(dryRun: Bool = false, missing: Bool = false) async throws -> HealReport {
            let progress = WorkProgress()
            let backup = try #require(
                HealBackup("logs", of: set, in: repository, pool: site.pool, progress: progress))
            var request = HealRequest(
                component: "logs", backups: [backup], stamp: Timestamp(seconds: 1_796_000_100), progress: progress)
            request.isDryRun = dryRun
            request.restoresMissing = missing
            let folders = LokiFolders(data: site.data.path, chunks: nil, rules: nil, wal: nil)
            return try await LokiHealer(
                folders: folders, server: nil, pool: site.pool, now: { 1_795_403_400_000 }
            ).heal(request)
        }
    }

    @Test func `a damaged chunk comes back and the others stay`() async throws {
        let healed = try await Healed()
        let site = healed.site
        #expect(healed.chunks.count >= 2)
        let before = try site.paths().map { ($0, try site.read($0)) }
        let chunk = "chunks/\(healed.chunks[0])"
        var bytes = try site.read(chunk)
        let whole = bytes
        bytes[bytes.count / 2] ^= 1
        try site.write(chunk, bytes)
        let preview = try await healed.heal(dryRun: true)
        #expect(preview.toHeal == 1 && preview.healed == 0)
        #expect(try site.read(chunk) == bytes)
        let report = try await healed.heal()
        #expect(report.examined == healed.chunks.count && report.healed == 1 && report.unhealed == 0)
        #expect(report.parts.first?.name == healed.chunks[0] && report.parts.first?.state == .damaged)
        #expect(try site.read(chunk) == whole)
        let kept = try #require(report.kept)
        #expect(try Data(contentsOf: URL(filePath: "\(kept)/\(healed.chunks[0])")) == Data(bytes))
        try FileManager.default.removeItem(atPath: kept)
        #expect(try site.paths().map { ($0, try site.read($0)) }.elementsEqual(before) { $0 == $1 })
        #expect(try await healed.heal().parts == [])
    }

    @Test func `a missing chunk of a server that does not answer needs consent`() async throws {
        let healed = try await Healed()
        let site = healed.site
        let chunk = site.chunks.appending(path: healed.chunks[0])
        let whole = try Data(contentsOf: chunk)
        // With its folder, as a deletion by Loki leaves it.
        try FileManager.default.removeItem(at: chunk.deletingLastPathComponent())
        let careful = try await healed.heal()
        #expect(careful.healed == 0 && careful.parts.first?.action == .skipped)
        #expect(careful.parts.first?.reason?.contains("--missing") == true)
        let report = try await healed.heal(missing: true)
        #expect(report.healed >= 1 && report.kept == nil)
        #expect(try Data(contentsOf: chunk) == whole)
    }

    @Test func `a heal that was killed is finished by the next one`() async throws {
        let healed = try await Healed()
        let site = healed.site
        let chunk = site.chunks.appending(path: healed.chunks[0])
        let whole = try Data(contentsOf: chunk)
        // The damaged chunk was set aside, and its copy not moved into place yet.
        let name = try healed.repository.manifest("logs", of: healed.set).name
        let left = site.chunks.appending(path: ".dr-restore-heal-\(name)")
        try FileManager.default.createDirectory(
            at: left, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try Data("half".utf8).write(to: left.appending(path: "half"))
        try FileManager.default.removeItem(at: chunk)
        let report = try await healed.heal(missing: true)
        #expect(report.healed == 1)
        #expect(try Data(contentsOf: chunk) == whole)
        #expect(!FileManager.default.fileExists(atPath: left.path))
    }

    @Test func `damage in no backup is reported and stays`() async throws {
        let healed = try await Healed()
        let site = healed.site
        var name = try #require(ChunkName(healed.chunks[0]))
        name.checksum ^= 1
        try site.write("chunks/\(name.path)", Array("no chunk".utf8))
        let report = try await healed.heal()
        #expect(report.unhealed == 1 && report.healed == 0)
        #expect(try site.read("chunks/\(name.path)") == Array("no chunk".utf8))
    }

    @Test(arguments: [
        (false, nil, ChunkDeletion.Verdict.missing), (true, "1h", .expired),
        (true, "744h", .maybeDeleted("the server may have deleted it, by a retention or a request")),
        (true, nil, .maybeDeleted("the server may have deleted it, by a retention or a request")),
    ]) func `only a server that deletes chunks explains a missing one`(
        deletes: Bool, retention: String?, expected: ChunkDeletion.Verdict
    ) {
        var settings = LokiSettings()
        settings.retentionEnabled = deletes
        settings.retention = retention
        let chunk = ChunkName(tenant: "t", fingerprint: 1, from: 0, through: 1_000, checksum: 0)
        #expect(ChunkDeletion(settings: settings, now: 7_200_000).verdict(on: chunk) == expected)
    }
}
