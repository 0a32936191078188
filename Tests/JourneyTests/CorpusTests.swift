import Cryptography
import Foundation
import Lab
import Testing

/// The benchmark is worth as much as its corpus: the same for everybody, and like real data.
@Suite struct CorpusTests {
    @Test func `the same seed gives the same bytes and no two files are alike`() async throws {
        let first = try await written(seed: 1), again = try await written(seed: 1), other = try await written(seed: 2)
        #expect(first == again)
        #expect(first != other)
        #expect(Set(first.values).count == first.count)
        #expect(first.keys.filter { $0.hasSuffix("chunks/000001") }.count == 8)
        #expect(first.keys.filter { $0.hasPrefix("loki/") }.count == 120)
    }

    @Test func `a change replaces files and adds a block`() async throws {
        let folder = try TemporaryFolder("corpus-test")
        defer { withExtendedLifetime(folder) {} }
        let corpus = Corpus(root: folder.url.appending(path: "tree"), scale: 0.02)
        try await corpus.write(scratch: folder.url.appending(path: "scratch"))
        let before = try hashes(corpus.root)
        try corpus.change(version: 1)
        let first = try hashes(corpus.root)
        #expect(first.count == before.count + 3)
        #expect(first.filter { before[$0.key] != $0.value }.count == 3 + 2)
        try corpus.removeBlock(ofChange: 1)
        try corpus.change(version: 2)
        let second = try hashes(corpus.root)
        #expect(second.count == first.count)
        #expect(Set(second.values).isDisjoint(with: Set(first.values).subtracting(before.values)))
    }

    private func written(seed: UInt64) async throws -> [String: String] {
        let folder = try TemporaryFolder("corpus-test")
        defer { withExtendedLifetime(folder) {} }
        let corpus = Corpus(root: folder.url.appending(path: "tree"), seed: seed, scale: 0.02)
        try await corpus.write(scratch: folder.url.appending(path: "scratch"))
        return try hashes(corpus.root)
    }

    /// SHA-256 of every file by its path.
    private func hashes(_ root: URL) throws -> [String: String] {
        var hashes: [String: String] = [:]
        let walk = try #require(FileManager.default.enumerator(atPath: root.path))
        for case let path as String in walk where walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
            let bytes = [UInt8](try Data(contentsOf: root.appending(path: path)))
            hashes[path] = "\(SHA256.hash(bytes.span.bytes))"
        }
        return hashes
    }
}
