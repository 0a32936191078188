import S3
import Testing

@testable import Bucket

/// The roles of keys for the programs that write them.
@Suite struct BucketLayoutTests {
    private static let ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    private static let uuid = "6a1f0c3e-8d2b-4f6a-9c1d-0123456789ab"

    @Test(
        arguments: [
            (BucketProfile.thanos, "\(ulid)/chunks/000001", ulid), (.thanos, "\(ulid)/meta.json", ulid),
            (.mimir, "tenant/\(ulid)/index", "tenant/\(ulid)"), (.tempo, "t/\(uuid)/data.parquet", "t/\(uuid)"),
            (.thanos, "debug/metas/\(ulid).json", nil), (.thanos, ulid, nil),
            (.thanos, "\(ulid.lowercased())/index", nil),
            (.loki, "\(ulid)/index", nil), (.plain, "\(ulid)/index", nil), (.mimir, "a/b/\(ulid)/index", nil),
        ] as [(BucketProfile, String, String?)])
    func `an object belongs to a block`(profile: BucketProfile, key: String, block: String?) {
        #expect(BucketLayout(profile).block(of: BucketKey(key))?.text == block)
    }

    @Test(arguments: [
        (BucketProfile.loki, "index/index_20780/1-c.tsdb.gz", true), (.loki, "fake/1a/1:2:3", false),
        (.mimir, "tenant/bucket-index.json.gz", true), (.mimir, "tenant/\(ulid)/meta.json", false),
        (.tempo, "t/index.json.gz", true), (.thanos, "\(ulid)/index", false), (.plain, "index/a", false),
    ])
    func `an object that names others is read first and written last`(
        profile: BucketProfile, key: String, isEarly: Bool
    ) {
        let layout = BucketLayout(profile)
        #expect(layout.isEarly(BucketKey(key)) == isEarly)
        if isEarly { #expect(layout.pass(of: BucketKey(key)) == layout.passes - 1) }
    }

    @Test func `the description of a block is written after the rest of it`() {
        #expect(BucketLayout(.thanos).pass(of: BucketKey("\(Self.ulid)/meta.json")) == 1)
        #expect(BucketLayout(.thanos).pass(of: BucketKey("\(Self.ulid)/chunks/000001")) == 0)
        // That of something else.
        #expect(BucketLayout(.thanos).pass(of: BucketKey("\(Self.ulid)/backup/meta.json")) == 0)
        #expect(!BucketLayout(.mimir).completesBlock(BucketKey("tenant/\(Self.ulid)/a/meta.json")))
        #expect(BucketLayout(.mimir).completesBlock(BucketKey("tenant/\(Self.ulid)/meta.json")))
        #expect(!BucketLayout(.thanos).completesBlock(BucketKey("meta.json")))
        #expect(BucketLayout(.plain).passes == 1)
        #expect(BucketLayout(.plain).pass(of: BucketKey("a/meta.json")) == 0)
    }

    @Test func `the index of a Loki is where its settings say`() {
        let layout = BucketLayout(.loki, index: "logs/index/")
        #expect(layout.isEarly(BucketKey("logs/index/index_20780/1-c.tsdb.gz")) && layout.earlyPrefix == "logs/index/")
        #expect(!layout.isEarly(BucketKey("index/index_20780/1-c.tsdb.gz")))
        #expect(BucketLayout(.loki).earlyPrefix == "index/")
        #expect(BucketLayout(.mimir, index: "logs/index/").earlyPrefix == "")
    }
}

/// The header fields of objects as text.
@Suite struct HeaderLinesTests {
    @Test func `fields come back, and others are dropped`() {
        let fields = [("content-type", "text/plain; charset=utf-8"), ("x-amz-meta-a", "b: c")]
        let text = HeaderLines.text(fields.map { (name: $0.0, value: $0.1) })
        #expect(HeaderLines.fields(text).map(\.name) == ["content-type", "x-amz-meta-a"])
        #expect(HeaderLines.fields(text).map(\.value) == ["text/plain; charset=utf-8", "b: c"])
        #expect(HeaderLines.fields("authorization: x\nhost: y\nx-amz-acl: public-read\nnonsense\n").isEmpty)
        let codings = ["aws-chunked", "aws-chunked,gzip", "gzip,br"].map { "content-encoding: \($0)" }
        #expect(HeaderLines.fields(codings.joined(separator: "\n")).map(\.value) == ["gzip", "gzip,br"])
        #expect(HeaderLines.fields("content-type: a\u{D}\u{A}x-amz-acl: public-read").map(\.value) == [])
    }
}

/// Locations of buckets.
@Suite struct BucketURLTests {
    @Test(
        arguments: [
            ("s3://loki-data", "s3://loki-data"), ("s3://loki-data/", "s3://loki-data"),
            ("s3://loki-data//a//b/", "s3://loki-data/a/b"), ("s3://", nil), ("s3://ab", nil), ("s3://Loki", nil),
            ("https://loki-data", nil), ("s3://loki-data/..", nil), ("s3://loki-data/a b", nil),
            ("s3://loki-data/a?b", nil),
        ] as [(String, String?)])
    func `a URL is read`(text: String, normal: String?) { #expect(BucketURL.normal(text) == normal) }
}
