import BackupRepository
import Foundation
import Lab
import Logging
import Platform
import S3
import Synchronization
import Testing

@testable import Bucket

/// An index that is compacted while it is listed, on a scripted server.
@Suite struct BucketIndexTests {
    /// A bucket whose listings of the index follow a script; the last one stays.
    private final class Site: Sendable {
        let server: ScriptedServer
        let folder: TemporaryFolder

        private final class Listings: Sendable {
            let count = Mutex(0)
        }

        /// - Parameter isReadable: false if every object is gone when it is read.
        init(_ listings: [[String]], isReadable: Bool = true) throws {
            folder = try TemporaryFolder("index")
            let count = Listings()
            server = try ScriptedServer { request, _ in
                guard request.target.contains("list-type") else {
                    guard isReadable else { return .reply(.response(404)) }
                    return .reply(.response(200, [("ETag", "\"t\"")], "x"))
                }
                guard request.target.contains("prefix=index") else {
                    return .reply(.response(200, [], Site.page((listings.last ?? []) + ["chunk"])))
                }
                let index = count.count.withLock { count in
                    defer { count += 1 }
                    return count
                }
                return .reply(.response(200, [], Site.page(index < listings.count ? listings[index] : listings.last)))
            }
        }

        private static func page(_ keys: [String]?) -> String {
            let objects = (keys ?? []).map {
                "<Contents><Key>\($0)</Key><Size>1</Size><ETag>&quot;t&quot;</ETag></Contents>"
            }
            return "<ListBucketResult>\(objects.joined())</ListBucketResult>"
        }

        func capture(_ profile: BucketProfile = .loki) async throws -> any Capture {
            var configuration = S3Configuration(bucket: "bucket", endpoint: server.url)
            configuration.region = "us-east-1"
            configuration.credentials = S3Credentials(accessKeyID: "ID", secretAccessKey: "s")
            let bucket = try S3Bucket(
                configuration,
                environment: AWSEnvironment(variables: [:], home: "/nonexistent", now: { 1_795_399_200 }),
                logger: Logger(label: "test"))
            let source = BucketSource(
                bucket, url: "s3://bucket", layout: BucketLayout(profile), pool: BucketSite.pool,
                now: { 1_795_399_200_000 })
            return try await source.capture(
                CaptureContext(run: "run", state: folder.path, logger: Logger(label: "test")))
        }
    }

    private static func paths(_ capture: any Capture) async throws -> [String] {
        let tree = try #require(capture.objects)
        return try await BucketSite.pool.run {
            var paths: [String] = []
            try tree.walk { if $0.kind == .file { paths.append($0.name) } }
            return paths
        }
    }

    @Test func `a listing that has neither the old nor the new index file is not the last one`() async throws {
        let site = try Site([["index/old"], [], ["index/new"]])
        let capture = try await site.capture()
        #expect(try await Self.paths(capture) == ["chunk", "index/new"])
        #expect(capture.damage.isEmpty && capture.warnings.isEmpty)
        // A profile without early objects leaves no copies of them.
        let spool = "\(site.folder.path)/early"
        #expect(try !FileManager.default.contentsOfDirectory(atPath: spool).isEmpty)
        _ = try await site.capture(.plain)
        #expect(try FileManager.default.contentsOfDirectory(atPath: spool).isEmpty)
    }

    @Test func `an index that never stays as it is gives a warning`() async throws {
        let site = try Site((1...20).map { ["index/\($0)"] })
        let capture = try await site.capture()
        #expect(try await Self.paths(capture) == ["chunk", "index/8"])
        #expect(capture.damage.isEmpty)
        #expect(capture.warnings.contains { $0.contains("changed in each of 8 listings") }, "\(capture.warnings)")
    }

    @Test func `an index file that is gone after the last listing makes the set partial`() async throws {
        let site = try Site((1...20).map { ["index/\($0)"] }, isReadable: false)
        let capture = try await site.capture()
        #expect(try await Self.paths(capture) == ["chunk"])
        #expect(capture.damage.map(\.path) == ["index/8"])
    }
}
