import Bucket
import Testing

@testable import StackConfiguration

/// The settings of a bucket under `components`.
@Suite struct BucketComponentTests {
    private func options(_ text: String) throws -> BucketComponent {
        let configuration = try parse("store: {url: file:///backups}\ncomponents: {chunks: {kind: bucket, \(text)}}")
        return try #require(configuration.components[0].settings as? BucketComponent)
    }

    @Test func `all keys are read`() throws {
        let read = try options(
            "url: s3://loki-data/a/b/, region: eu-central-1, endpoint: https://minio.example, addressing: path, "
                + "profile: loki, index_prefix: logs/index/, exclude: [cache/], "
                + "access_key_id: {env: A}, secret_access_key: {env: B}")
        #expect(read.url == "s3://loki-data/a/b")
        #expect(read.place == ("loki-data", "a/b"))
        #expect(read.profile == .loki)
        #expect(read.indexPrefix == "logs/index/")
        #expect(read.exclude == ["cache/"])
        #expect(try options("url: s3://loki-data").place == ("loki-data", ""))
    }

    @Test(arguments: [
        "region: eu-central-1", "url: https://minio.example", "url: s3://A", "url: s3://loki-data, profile: cortex",
        "url: s3://loki-data, access_key_id: {env: A}", "url: s3://loki-data, exclude: ['']",
        "url: s3://loki-data, profile: loki, index_prefix: /index/",
        "url: s3://loki-data, profile: loki, index_prefix: index", "url: s3://loki-data, index_prefix: index/",
        "url: s3://loki-data, aws_profile: a, access_key_id: {env: A}, secret_access_key: {env: B}",
    ])
    func `settings that cannot work are refused`(text: String) {
        #expect(throws: (any Error).self) { try options(text) }
    }
}
