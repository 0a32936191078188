import Components
import Elasticsearch
import Platform
import Testing

import Documents
@testable import StackConfiguration

@Suite struct ElasticsearchOptionsTests {
    private func options(_ settings: String) throws -> ElasticsearchComponent {
        let configuration = try parse(
            """
            store: {url: file:///r}
            components:
              jaeger: {kind: elasticsearch, \(settings)}
            """)
        return try #require(configuration.component(named: "jaeger")?.settings as? ElasticsearchComponent)
    }

    @Test func readsEveryKey() throws {
        let options = try options(
            """
            url: https://es:9200, api_key: {env: KEY}, indices: "*jaeger-*,-jaeger-span-archive", timeout: 1h, \
            repository: {type: s3, name: backups, bucket: b, base_path: jaeger/prod, client: minio}
            """)
        #expect(options.access.url == "https://es:9200")
        #expect(options.apiKey?.source == .environment("KEY"))
        #expect(options.indices == "*jaeger-*,-jaeger-span-archive")
        #expect(options.timeout == .hours(1))
        #expect(options.repository.name == "backups" && options.repository.type == .s3)
        #expect(options.repository.bucket == "b" && options.repository.basePath == "jaeger/prod")
        #expect(options.repository.client == "minio")
    }

    @Test func whatIsLeftOutHasDefaults() throws {
        let options = try options("url: http://es:9200, repository: {type: fs, location: /mnt/es}")
        #expect(options.indices == "jaeger-*" && options.repository.name == "dr" && options.timeout == nil)
        #expect(options.repository.location == "/mnt/es")
    }

    @Test(arguments: [
        ("url: http://e", "required key 'repository' is missing"),
        ("url: http://e, repository: {type: s3}", "a repository of type 's3' needs 'bucket'"),
        ("url: http://e, repository: {type: fs, location: /m, bucket: b}", "'bucket' does not belong"),
        ("url: http://e, repository: {type: s3, bucket: b, base_path: /j}", "'base_path' must not begin"),
        ("url: http://e, repository: {type: s3, bucket: b, name: 'A b'}", "'A b' is not a valid name of a repository"),
        ("url: http://e, repository: {type: gcs}", "unknown value 'gcs'"),
        ("url: http://e, indices: 'Jaeger-*', repository: {type: fs, location: /m}", "does not name any indices"),
        ("url: http://e, indices: '-jaeger-*', repository: {type: fs, location: /m}", "does not name any indices"),
        (
            "url: http://e, api_key: {env: K}, bearer_token: {env: T}, repository: {type: fs, location: /m}",
            "'api_key' excludes"
        ),
    ])
    func impossibleSettingsAreRefused(settings: String, complaint: String) throws {
        let error = #expect(throws: DocumentError.self) { try options(settings) }
        #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
    }
}
