import Lab

/// The local S3 server of the benchmark.
struct BenchServer: Sendable {
    let name = "SeaweedFS"
    let bucket: BenchBucket
    /// Kept because the server stops when the object is released.
    private let server: SeaweedFS

    static func start() async throws -> BenchServer {
        let server = try await SeaweedFS()
        try await server.makeBucket("bench")
        return BenchServer(
            bucket: BenchBucket(
                endpoint: server.endpoint, name: "bench", accessKey: server.accessKey, secretKey: server.secretKey,
                data: server.folder.url),
            server: server)
    }
}
