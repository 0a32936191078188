import BackupRepository
import Foundation
import Lab
import S3
import Testing

@testable import Bucket

/// The order in which objects are read, so that what names others names nothing that is missing.
@Suite struct BucketOrderTests {
    private static let ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

    @Test func `an index that appears after the listing is not in the set, and one that is deleted is`() async throws {
        let site = try await BucketSite(.seaweedFS)
        let repository = try site.repository()
        try await site.write("index/delete_requests/old", Array("old".utf8))
        try await site.write("other", Array("chunk".utf8))
        let backup = try await site.backUp(repository, try site.source(.loki)) {
            try await site.write("index/delete_requests/new", Array("new".utf8))
            try await site.delete("index/delete_requests/old")
        }
        #expect(try await site.paths(backup, repository) == ["index/delete_requests/old", "other"])
        #expect(backup.manifest.damage.isEmpty)
        let second = try await site.backUp(repository, try site.source(.loki))
        #expect(try await site.paths(second, repository) == ["index/delete_requests/new", "other"])
        // Only the new one: the copy of the index is kept between runs.
        #expect(second.reads == 1)
        #expect(try await site.backUp(repository, try site.source(.loki)).reads == 0)
    }

    @Test func `an index below the prefix of the settings is read first`() async throws {
        let site = try await BucketSite(.seaweedFS)
        let repository = try site.repository()
        try await site.write("logs/index/old", Array("old".utf8))
        try await site.write("other", Array("chunk".utf8))
        let backup = try await site.backUp(repository, try site.source(.loki, index: "logs/index/")) {
            try await site.write("logs/index/new", Array("new".utf8))
            try await site.delete("logs/index/old")
        }
        #expect(try await site.paths(backup, repository) == ["logs/index/old", "other"])
        #expect(backup.manifest.damage.isEmpty && backup.manifest.facts["index_prefix"] == "logs/index/")
    }

    @Test func `a chunk that does not match its name is not stored`() async throws {
        let site = try await BucketSite(.seaweedFS)
        let repository = try site.repository()
        let file = LokiCorpus(root: site.folder.url, chunks: 1).chunk(0).file()
        let name = try #require(Self.key(ofFile: file.path))
        try await site.write(name, file.bytes)
        var damaged = file.bytes
        damaged[damaged.count / 2] ^= 1
        let other = name.replacing("team-a", with: "team-b")
        try await site.write(other, damaged)
        let backup = try await site.backUp(repository, try site.source(.loki))
        #expect(try await site.paths(backup, repository) == [name])
        #expect(backup.manifest.damage.map(\.path) == [other])
        #expect(backup.manifest.watermark != nil)
        // There is no index where Loki has it by default.
        #expect(backup.report.warnings.contains { $0.contains("path_prefix") }, "\(backup.report.warnings)")
    }

    /// The key in a bucket of a chunk's path in files, whose last part is base 64.
    private static func key(ofFile path: String) -> String? {
        let parts = path.split(separator: "/").map(String.init)
        guard let last = parts.last, let data = Data(base64Encoded: last) else { return nil }
        return (parts.dropLast() + [String(decoding: data, as: UTF8.self)]).joined(separator: "/")
    }

    @Test func `a block without its description is left out`() async throws {
        let site = try await BucketSite(.seaweedFS)
        let repository = try site.repository()
        let partial = "01BX5ZZKBKACTAV9WEVGEMMVRZ"
        let description = Array("{\"ulid\": \"\(Self.ulid)\", \"version\": 1}".utf8)
        try await site.write("\(Self.ulid)/index", Array("index".utf8))
        try await site.write("\(Self.ulid)/meta.json", description)
        try await site.write("\(partial)/index", Array("index".utf8))
        let backup = try await site.backUp(repository, try site.source(.thanos))
        #expect(try await site.paths(backup, repository) == ["\(Self.ulid)/index", "\(Self.ulid)/meta.json"])
        #expect(backup.manifest.damage.isEmpty)
        #expect(backup.report.warnings.contains { $0.contains(partial) }, "\(backup.report.warnings)")
    }

    @Test func `a block with a damaged object is left out as a whole`() async throws {
        let site = try await BucketSite(.seaweedFS)
        let repository = try site.repository()
        try await site.write("\(Self.ulid)/index", Array("index".utf8))
        try await site.write("\(Self.ulid)/meta.json", Array("{\"ulid\": \"another\"}".utf8))
        try await site.write("other", Array("other".utf8))
        let backup = try await site.backUp(repository, try site.source(.thanos))
        #expect(try await site.paths(backup, repository) == ["other"])
        #expect(backup.manifest.damage.map(\.path) == [Self.ulid, "\(Self.ulid)/meta.json"])
    }

    @Test func `a block that loses an object is left out as a whole`() async throws {
        let site = try await BucketSite(.seaweedFS)
        let repository = try site.repository()
        let description = Array("{\"ulid\": \"\(Self.ulid)\", \"version\": 1}".utf8)
        try await site.write("tenant/\(Self.ulid)/index", Array("index".utf8))
        try await site.write("tenant/\(Self.ulid)/meta.json", description)
        try await site.write("tenant/other", Array("other".utf8))
        let backup = try await site.backUp(repository, try site.source(.mimir)) {
            try await site.delete("tenant/\(Self.ulid)/index")
        }
        #expect(try await site.paths(backup, repository) == ["tenant/other"])
        #expect(backup.manifest.damage.map(\.path) == ["tenant/\(Self.ulid)"])
    }
}
