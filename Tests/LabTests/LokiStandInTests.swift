import Documents
import Foundation
import HTTP
import Lab
import Platform
import Testing

@Suite struct LokiStandInTests {
    private static let contract = Checkout.url("fixtures/contracts/loki.json")

    private func lines(_ count: Int) -> [LokiChunk.Line] {
        (0..<count).map { .init(time: (1_795_400_000 + $0) * 1_000_000_000, text: Array("line \($0)".utf8)) }
    }

    private let pool = BlockingPool(threads: 1)

    private func ask(_ loki: LokiStandIn, _ path: String, tenant: String? = "t1") async throws -> JSONValue? {
        let headers = tenant.map { [HTTPHeaders.Field("X-Scope-OrgID", $0)] } ?? []
        let (response, body) = try await pool.run {
            try HTTPClient().send(HTTPRequest("GET", loki.url + path, headers: headers))
        }
        return response.isSuccess ? try JSONValue(parsing: body) : nil
    }

    private func count(_ loki: LokiStandIn) async throws -> Int {
        let answer = try await ask(loki, "/loki/api/v1/query_range?query=%7Bapp%3D%22a%22%7D&limit=5000&start=0")
        return answer?["data"]?["result"]?.array?.reduce(0) { $0 + ($1["values"]?.array?.count ?? 0) } ?? -1
    }

    @Test func `lines live through flush shipping compaction and a restart`() async throws {
        let folder = try TemporaryFolder("loki-stand-in")
        let loki = try await LokiStandIn(data: folder.url, contract: try APIContract(contentsOf: Self.contract))
        try loki.store.push(tenant: "t1", labels: ["app": "a"], lines: lines(30))
        #expect(try await count(loki) == 30)
        try loki.store.flush()
        try loki.store.push(tenant: "t1", labels: ["app": "a"], lines: Array(lines(40).suffix(10)))
        #expect(try await count(loki) == 40)
        try loki.store.ship()
        try loki.store.compact()
        #expect(try await count(loki) == 40)
        #expect(try await ask(loki, "/loki/api/v1/labels")?["data"] == ["app"])
        #expect(try await ask(loki, "/loki/api/v1/label/app/values")?["data"] == ["a"])
        #expect(
            try await ask(loki, "/loki/api/v1/index/stats?query=%7Bapp%3D%22a%22%7D&start=0&end=1")?["entries"] == 40)
        #expect(try await ask(loki, "/loki/api/v1/labels", tenant: nil)?.object == nil)
        #expect(loki.server.violations == [])
        await loki.stop()
        let again = try await LokiStandIn(data: folder.url)
        #expect(try await count(again) == 40)
        // Like Loki, the stand-in reports success for a damaged chunk and omits its lines.
        try FileManager.default.removeItem(at: folder.url.appending(path: "wal"))
        let chunk = try #require(again.store.visibleChunks(tenant: "t1").first)
        let file = folder.url.appending(path: "chunks/\(chunk)")
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: file)
        await again.stop()
        let damaged = try await LokiStandIn(data: folder.url)
        #expect(try await count(damaged) == 0)
        await damaged.stop()
    }

    @Test func `a corpus depends on its seed alone`() async throws {
        let folders = try (0..<2).map { _ in try TemporaryFolder("loki-corpus") }
        for folder in folders { try await LokiCorpus(root: folder.url, chunks: 30, seed: 7).write() }
        let diff = try await CommandRun.run("/usr/bin/diff", ["-r", folders[0].path, folders[1].path])
        #expect(diff.status == 0)
        let corpus = LokiCorpus(root: folders[0].url, chunks: 30, seed: 7)
        let file = corpus.chunk(29).file()
        #expect((1000..<30_000).contains(file.bytes.count))
        #expect(LokiChunk(file)?.lines == corpus.chunk(29).lines)
    }
}
