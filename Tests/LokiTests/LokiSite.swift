import BackupRepository
import Foundation
import HTTP
import Lab
import Logging
import Platform
import Testing

@testable import Loki

/// A Loki's files in a temporary folder, and a component's state beside them.
final class LokiSite: Sendable {
    let folder: TemporaryFolder
    var data: URL { folder.url.appending(path: "loki") }
    var chunks: URL { data.appending(path: "chunks") }
    var state: URL { folder.url.appending(path: "state") }
    let pool = BlockingPool(threads: 2)

    static let contract = LokiFixture.root.deletingLastPathComponent().appending(path: "contracts/loki.json")

    /// - Parameter fixture: a folder of real chunks to begin with.
    init(_ fixture: String? = nil) throws {
        folder = try TemporaryFolder("loki")
        for place in [data.appending(path: "wal"), state] {
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        }
        if let fixture {
            try FileManager.default.copyItem(at: LokiFixture.root.appending(path: fixture), to: chunks)
        } else {
            try FileManager.default.createDirectory(at: chunks, withIntermediateDirectories: true)
        }
    }

    func write(_ path: String, _ bytes: [UInt8]) throws {
        let file = data.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    func read(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: data.appending(path: path))) }

    func paths(_ below: String = "") -> [String] {
        let root = data.appending(path: below)
        return ((try? FileManager.default.subpathsOfDirectory(atPath: root.path)) ?? []).filter {
            !root.appending(path: $0).hasDirectoryPath && !isFolder(root.appending(path: $0))
        }.sorted()
    }

    private func isFolder(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
    }

    func source(
        _ url: String? = nil, data: URL? = nil, chunks: URL? = nil, rules: URL? = nil, wal: URL? = nil,
        flush: Bool = false, tenants: [String] = [], pause: @escaping @Sendable () throws -> Void = {}
    ) -> LokiSource {
        LokiSource(
            server: url.map(api), data: (data ?? self.data).path, chunks: chunks?.path, rules: rules?.path,
            wal: wal?.path, flush: flush, tenants: tenants, pool: pool, pause: pause)
    }

    func api(_ url: String) -> LokiAPI { LokiAPI(url: url, client: HTTPClient(), pool: pool) }

    func restorer(_ url: String? = nil, now: Int = 1_795_403_400_000) -> LokiRestorer {
        LokiRestorer(server: url.map(api), pool: pool, now: { now })
    }

    var context: CaptureContext {
        CaptureContext(run: UUID().uuidString, state: state.path, logger: Logger(label: "test"))
    }

    /// The files of a captured tree's root, without its layers.
    func copied(_ capture: any Capture) -> [String] {
        let root = URL(filePath: capture.root)
        return ((try? FileManager.default.subpathsOfDirectory(atPath: root.path)) ?? []).filter {
            !isFolder(root.appending(path: $0))
        }.sorted()
    }

    /// Passes all chunks to the capture, as the backup's walk does: the watermark comes from them.
    func walk(_ capture: any Capture) {
        for layer in capture.layers {
            let paths = (try? FileManager.default.subpathsOfDirectory(atPath: layer.directory)) ?? []
            for path in paths { _ = capture.isExcluded(Array("chunks/\(path)".utf8)) }
        }
    }

    func failure(_ body: () async throws -> Void) async -> ComponentError? {
        do {
            try await body()
        } catch let error as ComponentError {
            return error
        } catch {
            Issue.record("\(error)")
        }
        return nil
    }

    /// Lines for the stand-in, a second apart.
    static func lines(_ count: Int, from second: Int = 1_795_400_000) -> [LokiChunk.Line] {
        (0..<count).map { LokiChunk.Line(time: (second + $0) * 1_000_000_000, text: Array("line \($0)".utf8)) }
    }
}
