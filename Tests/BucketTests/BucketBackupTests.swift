import BackupRepository
import Foundation
import Lab
import Logging
import ObjectStorage
import Platform
import S3
import Testing

@testable import Bucket

/// Backups of the objects of real servers, and their way back.
@Suite struct BucketBackupTests {
    private static func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        CorpusRandom.noise(count, seed: seed)
    }

    @Test(arguments: BucketSite.Server.allCases)
    func `the second backup reads no object, and a restore has all of them`(server: BucketSite.Server) async throws {
        let site = try await BucketSite(server)
        let repository = try site.repository()
        for number in 0..<150 { try await site.write("many/\(number)", Array("content \(number)".utf8)) }
        try await site.write("empty", [])
        try await site.write("two\u{20}words/ü", Array("text".utf8))
        let first = try await site.backUp(repository, try site.source())
        #expect(first.manifest.totals.files == 152)
        #expect(first.reads == 152)
        #expect(first.manifest.damage.isEmpty)

        let second = try await site.backUp(repository, try site.source())
        #expect(second.reads == 0)
        #expect(second.manifest.totals == first.manifest.totals)
        #expect(second.manifest.packs == first.manifest.packs)

        try await site.write("many/7", Array("another".utf8))
        try await site.write("new", Array("new".utf8))
        try await site.delete("many/8")
        let third = try await site.backUp(repository, try site.source())
        #expect(third.reads == 2)
        #expect(third.manifest.totals.files == 152)

        let restored = try await site.restore(third, repository, to: "target")
        #expect(restored.map(\.outcome) == [.create])
        #expect(try await site.objects("target") == site.objects("source"))
        // Again: everything is there.
        #expect(try await site.restore(third, repository, to: "target").map(\.outcome) == [.same])
    }

    @Test(arguments: BucketSite.Server.allCases)
    func `an object that was uploaded in parts is read once, and comes back whole`(
        server: BucketSite.Server
    ) async throws {
        let site = try await BucketSite(server)
        let repository = try site.repository()
        let content = Self.noise(11 << 20)
        try await site.write("large", content, partSize: 5 << 20)
        let bucket = try site.bucket()
        let tag = try await BucketSite.pool.run { try bucket.head(BucketKey("large"))?.tag }
        #expect(tag?.contains("-") == true, "\(tag ?? "no tag")")
        #expect(try await site.backUp(repository, try site.source()).reads == 1)
        let second = try await site.backUp(repository, try site.source())
        #expect(second.reads == 0)
        #expect(try await site.restore(second, repository, to: "target").map(\.outcome) == [.create])
        #expect(try await site.objects("target") == ["large": content])
    }

    @Test(arguments: BucketSite.Server.allCases)
    func `an object that is deleted after the listing is left out`(server: BucketSite.Server) async throws {
        let site = try await BucketSite(server)
        let repository = try site.repository()
        for name in ["a", "b", "c"] { try await site.write(name, Array(name.utf8)) }
        let backup = try await site.backUp(repository, try site.source()) { try await site.delete("b") }
        #expect(try await site.paths(backup, repository) == ["a", "c"])
        #expect(backup.manifest.damage.isEmpty)
        #expect(backup.report.warnings.contains { $0.contains("'b' vanished") }, "\(backup.report.warnings)")
    }

    @Test(arguments: BucketSite.Server.allCases)
    func `an object that is overwritten after the listing is read as it is then`(
        server: BucketSite.Server
    ) async throws {
        let site = try await BucketSite(server)
        let repository = try site.repository()
        let (small, large) = (Array("a much longer content".utf8), Self.noise(3 << 20, seed: 5))
        try await site.write("small", Array("short".utf8))
        try await site.write("large", Self.noise(3 << 20, seed: 4))
        let backup = try await site.backUp(repository, try site.source()) {
            try await site.write("small", small)
            try await site.write("large", large)
        }
        #expect(backup.manifest.damage.isEmpty)
        _ = try await site.restore(backup, repository, to: "target")
        #expect(try await site.objects("target") == ["small": small, "large": large])
        #expect(try await site.backUp(repository, try site.source()).reads == 0)
    }

    @Test func `a bucket with versions is backed up as its newest versions`() async throws {
        let name = "versions-\(UUID().uuidString.lowercased().prefix(8))"
        let site = try await BucketSite(.moto, bucket: name)
        try await site.enableVersions()
        let repository = try site.repository()
        try await site.write("a", Array("old".utf8))
        try await site.write("a", Array("new".utf8))
        try await site.write("gone", Array("gone".utf8))
        try await site.delete("gone")
        let backup = try await site.backUp(repository, try site.source()) {
            try await site.write("a", Array("newest".utf8))
        }
        #expect(try await site.paths(backup, repository) == ["a"])
        _ = try await site.restore(backup, repository, to: "target")
        #expect(try await site.objects("target") == ["a": Array("newest".utf8)])
    }

    @Test func `header fields come back with their object`() async throws {
        let site = try await BucketSite(.seaweedFS)
        let repository = try site.repository()
        let fields = [
            (name: "cache-control", value: "no-store"), (name: "content-type", value: "text/x-test"),
            (name: "x-amz-meta-owner", value: "team a"),
        ]
        try await site.write("a", Array("content".utf8), headers: fields)
        try await site.write("large", Self.noise(2 << 20), headers: fields)
        let backup = try await site.backUp(repository, try site.source())
        _ = try await site.restore(backup, repository, to: "target")
        let bucket = try site.bucket("target")
        for key in ["a", "large"] {
            let found = try await BucketSite.pool.run { try bucket.head(BucketKey(key))?.headers ?? [] }
            for field in fields {
                #expect(found.contains { $0.name == field.name && $0.value == field.value }, "\(key): \(found)")
            }
        }
    }

    @Test func `an error of the receiver is not one of the bucket`() async throws {
        let site = try await BucketSite(.seaweedFS)
        for name in ["index/a", "chunk"] { try await site.write(name, Array(name.utf8)) }
        let capture = try await site.source(.loki).capture(
            CaptureContext(run: "run", state: site.folder.path, logger: Logger(label: "test")))
        let tree = try #require(capture.objects)
        try await BucketSite.pool.run {
            var records: [FileRecord] = []
            try tree.walk { if $0.kind == .file { records.append($0) } }
            #expect(records.count == 2)
            // The same whoever makes the backup.
            #expect(records.allSatisfy { $0.uid == 0 && $0.gid == 0 })
            for record in records {
                for reason in [ObjectStoreError.Reason.denied, .noSpace] {
                    let refusal = ObjectStoreError(reason, operation: "put", key: nil, "no", store: "repository")
                    let error = #expect(throws: ObjectStoreError.self) {
                        _ = try tree.read(record) { _ in throw refusal }
                    }
                    #expect(error == refusal)
                }
            }
        }
    }

    @Test func `another object stays unless it may be replaced`() async throws {
        let site = try await BucketSite(.seaweedFS)
        let repository = try site.repository()
        for name in ["a", "b"] { try await site.write(name, Array(name.utf8)) }
        let backup = try await site.backUp(repository, try site.source())
        try await site.write("a", Array("other".utf8), in: "target")
        try await site.write("extra", Array("extra".utf8), in: "target")

        let preview = try await site.restore(backup, repository, to: "target", isDryRun: true)
        #expect(Set(preview.map(\.outcome)) == [.conflict, .create])
        #expect(try await site.objects("target").count == 2)
        let refused = try await site.restore(backup, repository, to: "target")
        #expect(Set(refused.map(\.outcome)) == [.conflict, .create])
        #expect(try await site.objects("target")["a"] == Array("other".utf8))

        let replaced = try await site.restore(backup, repository, to: "target", replaces: true)
        #expect(Set(replaced.map(\.outcome)) == [.update, .same])
        let expected = ["a": "a", "b": "b", "extra": "extra"].mapValues { Array($0.utf8) }
        #expect(try await site.objects("target") == expected)
    }

    @Test func `keys that no file system holds come back from moto`() async throws {
        let site = try await BucketSite(.moto)
        let repository = try site.repository()
        let keys = [
            "a", "a/b", "a/b/c", "folder/", "x//y", "/top", "50%", "%41", "ü", "u\u{308}", "a b+c&d=e",
            String(repeating: "n", count: 600),
        ]
        for key in keys { try await site.write(key, Array("content of \(key)".utf8)) }
        let listed = try await site.objects()
        #expect(Set(listed.keys) == Set(keys.map { BucketSite.label(Array($0.utf8)) }))
        let backup = try await site.backUp(repository, try site.source())
        #expect(backup.manifest.damage.isEmpty)
        #expect(backup.manifest.totals.files == keys.count)
        _ = try await site.restore(backup, repository, to: "target")
        #expect(try await site.objects("target") == listed)
        #expect(try await site.backUp(repository, try site.source()).reads == 0)
    }

    @Test func `excluded keys are not in the backup`() async throws {
        let site = try await BucketSite(.seaweedFS)
        let repository = try site.repository()
        for name in ["cache/a", "keep/a.tmp", "keep/b"] { try await site.write(name, Array(name.utf8)) }
        let backup = try await site.backUp(repository, try site.source(exclusions: ["cache/", "*.tmp"]))
        #expect(try await site.paths(backup, repository) == ["keep/b"])
    }
}
