import Retention
import Testing

@testable import StackConfiguration

/// `store: copies:`.
@Suite struct CopyConfigurationTests {
    private func text(_ copies: String) -> String {
        """
        store: {url: "s3://first/dr", copies: [\(copies)]}
        components:
          rules: {kind: files, data: /etc/prometheus/rules}
        """
    }

    @Test func `a copy has the place of a store, a bandwidth and a retention`() throws {
        let copies = try parse(
            text(
                """
                {name: offsite, url: "s3://second/dr", endpoint: "https://s3.example.com", bandwidth: 10MiB, \
                retention: {keep_last: 3}, lock: {mode: governance}}, {name: disk, url: "file:///copy"}
                """)
        ).store.copies
        #expect(copies.map(\.name) == ["offsite", "disk"])
        let first = try #require(copies.first)
        #expect(first.store.url == .s3(bucket: "second", prefix: "dr"))
        #expect(first.store.endpoint == "https://s3.example.com")
        #expect(first.store.lock?.mode == .governance)
        #expect(first.bandwidth == 10 << 20)
        #expect(first.retention?.policy.keepLast == 3)
        #expect(copies.last?.store.url == .directory("/copy"))
    }

    @Test(arguments: [
        (#"{url: "s3://second/dr"}"#, "name"),
        (#"{name: "Off site", url: "s3://second/dr"}"#, "use small letters, digits and '-'"),
        (#"{name: a, url: "s3://first/dr"}"#, "a copy needs another place"),
        (#"{name: a, url: "s3://second/dr"}, {name: a, url: "s3://third/dr"}"#, "two copies have the name 'a'"),
        (#"{name: a, url: "file:///copy", region: eu-central-1}"#, "'region' needs an s3:// store"),
        (#"{name: a, url: "s3://second/dr", recipients: [a.crt]}"#, "recipients"),
        (#"{name: a, url: "s3://second/dr", bandwidth: 3}"#, "out of range"),
    ])
    func `a copy that cannot work is refused`(copies: String, complaint: String) {
        let complaints = complaints(text(copies))
        #expect(complaints.contains { $0.contains(complaint) }, "\(complaints)")
    }

    @Test func `the same bucket at another server is another place`() throws {
        let copies = #"{name: a, url: "s3://first/dr", endpoint: "https://s3.example.com"}"#
        #expect(try parse(text(copies)).store.copies.count == 1)
    }
}
