import Lab

/// The local S3 server that the benchmark stores to.
struct BenchServer: Sendable {
    let name = "SeaweedFS"
    let bucket: BenchBucket
    /// Held, because the server ends with it.
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
