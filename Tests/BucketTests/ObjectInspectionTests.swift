import BackupRepository
import Foundation
import Lab
import Testing

@testable import Bucket

/// The checks of the index of a Loki, on files that a real one wrote.
@Suite struct ObjectInspectionTests {
    struct File: CustomTestStringConvertible, Sendable {
        var key: String
        var bytes: [UInt8]
        var testDescription: String { key }
    }

    private static let files = ["v12-boltdb", "v13-tsdb-shipped", "v13-tsdb-compacted"].flatMap { folder -> [File] in
        let root = Checkout.url("fixtures/loki/\(folder)")
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: root.path)) ?? []
        return paths.filter { $0.hasPrefix("index/") && $0.hasSuffix(".gz") }.sorted().compactMap { path in
            FileManager.default.contents(atPath: root.appending(path: path).path).map {
                File(key: path, bytes: [UInt8]($0))
            }
        }
    }

    /// - Returns: nil if the key has no check.
    private func damage(_ bytes: [UInt8], _ key: String, as layout: BucketLayout? = BucketLayout(.loki)) -> [String]? {
        ObjectInspection.inspector(of: key, layout)?.inspect(bytes.span.bytes).map(\.path)
    }

    @Test func `a sound index has no damage`() {
        #expect(Self.files.count == 7)
        for file in Self.files {
            for layout in [BucketLayout(.loki), nil] { #expect(damage(file.bytes, file.key, as: layout) == []) }
        }
    }

    @Test(arguments: files) func `random bytes and a flipped byte under the name of an index are damage`(file: File) {
        var state: UInt64 = 7
        let noise = (0..<file.bytes.count).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        for layout in [BucketLayout(.loki), nil] {
            #expect(damage(noise, file.key, as: layout) == [file.key])
            #expect(damage(Array(file.bytes.prefix(10)) + noise, file.key, as: layout) == [file.key])
            // In gzip's magic, in the content, in its checksum and in its length.
            for place in [0, file.bytes.count / 2, file.bytes.count - 5, file.bytes.count - 1] {
                var bytes = file.bytes
                bytes[place] ^= 0x04
                #expect(damage(bytes, file.key, as: layout) == [file.key], "at \(place)")
            }
        }
    }

    @Test func `an index under the name of another one is damage`() throws {
        let compacted = try #require(Self.files.first { $0.key.contains("-compactor-") })
        let bolt = try #require(Self.files.first { $0.key.contains("/vm-") })
        #expect(damage(compacted.bytes, bolt.key) == [bolt.key])
        #expect(damage(bolt.bytes, compacted.key) == [compacted.key])
        let other = compacted.key.replacing("1c23e406", with: "1c23e407")
        #expect(other != compacted.key && damage(compacted.bytes, other) == [other])
    }

    @Test func `an index is checked below its prefix, whatever its tables are called`() throws {
        let file = try #require(Self.files.first { $0.key.hasSuffix(".tsdb.gz") })
        let name = try #require(file.key.split(separator: "/").last)
        for key in ["logs/index/20780/\(name)", "logs/index/\(name)", "index/20780/a%25b/\(name)"] {
            let layout = BucketLayout(.loki, index: "logs/index/")
            #expect(damage(file.bytes, key, as: layout) == [])
            #expect(damage([1, 2, 3], key, as: layout) == [key])
        }
        #expect(damage([1, 2, 3], "logs/index/20780/\(name)") == nil)
    }

    @Test func `without settings only a name of a Loki's has a check`() {
        #expect(damage([1, 2, 3], "index/page.html.gz", as: nil) == nil)
        #expect(damage([1, 2, 3], "tenant_2024/bucket-index.json.gz", as: nil) == nil)
        #expect(damage([1, 2, 3], "index/index_20780/a.tsdb.gz", as: BucketLayout(.plain)) == nil)
    }
}
