import BackupRepository
import Cryptography
import Foundation
import Lab
import Testing

@testable import Loki

/// Real chunk directories, with their paths in an archived tree.
enum LokiFixture {
    static let root = Checkout.url("fixtures/loki")
    static let folders = ["v11-boltdb", "v12-boltdb", "v13-tsdb-compacted", "v13-tsdb-shipped"]

    struct File: CustomTestStringConvertible, Sendable {
        /// In an archived tree: "chunks/t1/…".
        var path: String
        var bytes: [UInt8]
        var testDescription: String { path }

        func damage(_ bytes: [UInt8]? = nil, path: String? = nil) -> [String] {
            guard let inspector = LokiInspection.inspector(of: path ?? self.path) else { return ["not inspected"] }
            let bytes = bytes ?? self.bytes
            // In pieces, as a large file comes.
            for start in stride(from: 0, to: bytes.count, by: 1000) {
                inspector.write(bytes.span.bytes.extracting(start..<min(start + 1000, bytes.count)))
            }
            return inspector.finish().map { "\($0.path): \($0.reason)" }
        }
    }

    static func files(_ folder: String, _ wanted: (LokiPath) -> Bool) -> [File] {
        let place = root.appending(path: folder)
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: place.path)) ?? []
        return paths.sorted().compactMap { path in
            guard wanted(LokiPath("chunks/\(path)")),
                let data = FileManager.default.contents(atPath: place.appending(path: path).path), !data.isEmpty
            else { return nil }
            return File(path: "chunks/\(path)", bytes: [UInt8](data))
        }
    }

    static let chunks = folders.flatMap { folder in
        files(folder) { if case .chunk = $0 { true } else { false } }
    }

    static let indexes = folders.flatMap { folder in
        files(folder) { path in
            switch path {
            case .index, .deleteRequests: true
            default: false
            }
        }
    }
}

extension LokiFixture {
    static func crc(_ bytes: [UInt8]) -> UInt32 { CRC32C.checksum(bytes.span.bytes) }
}
