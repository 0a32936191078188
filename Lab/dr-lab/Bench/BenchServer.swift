import Lab

/// The local S3 server of the benchmark.
struct BenchServer: Sendable {
    let name = "SeaweedFS"
    let bucket: BenchBucket
    /// Kept because the server stops when the object is released.
    private let server: SeaweedFS
    private let proxy: FaultyProxy?

    static let distantPlace = "S3, 50 ms away"

    /// - Parameter isDistant: true for 50 ms to the server and back, as between two continents.
    static func start(isDistant: Bool = false) async throws -> BenchServer {
        let server = try await SeaweedFS()
        try await server.makeBucket("bench")
        let proxy =
            isDistant
            ? try FaultyProxy(to: server.endpoint, rates: [:], latency: .milliseconds(50), seed: 1) : nil
        return BenchServer(
            bucket: BenchBucket(
                place: isDistant ? distantPlace : "S3", endpoint: proxy?.endpoint ?? server.endpoint, name: "bench",
                accessKey: server.accessKey, secretKey: server.secretKey, data: server.folder.url),
            server: server, proxy: proxy)
    }
}
