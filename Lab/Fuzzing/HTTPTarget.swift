internal import Foundation
internal import HTTP
package import Lab
internal import Logging
internal import ObjectStorage
internal import S3
internal import Synchronization

/// Whole answers of an HTTP server: status line, header fields, framing and body, and the XML of S3.
package final class HTTPTarget: FuzzTarget {
    package static let name = "http"
    private let server: LoopbackServer
    private let answer: Answer

    private final class Answer: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }

    private static let listing = """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>p/</Prefix>\
        <KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>true</IsTruncated>\
        <NextContinuationToken>abc</NextContinuationToken><Contents><Key>p/sets/a.json</Key>\
        <LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>"e"</ETag><Size>12</Size>\
        <StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>
        """
    private static let failure = """
        <?xml version="1.0"?><Error><Code>SlowDown</Code><Message>wait</Message><Region>eu-west-1</Region></Error>
        """
    private static let seeds: [[UInt8]] = [
        response("200 OK", listing), response("400 Bad Request", failure), response("200 OK", "twelve bytes"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: \"e\"\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/5\r\n"
            + "Content-Length: 5\r\nETag: \"e\"\r\nRetry-After: 1\r\nDate: Mon, 23 Nov 2026 01:00:00 GMT\r\n\r\nhello",
        "HTTP/1.1 301 Moved\r\nLocation: http://user:pw@other/x?y\r\nContent-Length: 0\r\n\r\n",
    ].map { Array($0.utf8) }

    private static func response(_ status: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: application/xml\r\nContent-Length: \(body.utf8.count)\r\n"
            + "Last-Modified: Mon, 23 Nov 2026 01:00:00 GMT\r\nETag: \"e\"\r\n\r\n\(body)"
    }

    init() throws {
        let answer = Answer()
        self.answer = answer
        server = try LoopbackServer { connection in
            while connection.readMessage() != nil {
                connection.send(answer.bytes.withLock { $0 })
                return
            }
        }
    }

    package func input(_ random: inout CorpusRandom) -> [UInt8] {
        let seed = Self.seeds[random.below(Self.seeds.count)]
        return random.below(2) == 0
            ? TextMutation.apply(to: seed, &random) : ByteMutation.apply(to: seed, splicing: Self.seeds, &random)
    }

    package func run(_ input: [UInt8], in place: FuzzPlace) async throws {
        answer.bytes.withLock { $0 = input }
        var options = HTTPOptions()
        (options.stallTimeout, options.proxy) = (.milliseconds(300), .none)
        let url = "http://127.0.0.1:\(server.port)"
        if let (response, _) = try? HTTPClient(options).send(HTTPRequest("GET", url)) {
            _ = "\(String(describing: response.retryAfter)) \(String(describing: response.redirection))"
            _ = "\(String(describing: response.contentLength)) \(String(describing: response.date))"
        }
        var configuration = S3Configuration(bucket: "bucket", prefix: "p", region: "us-east-1", endpoint: url)
        configuration.stallTimeout = .milliseconds(300)
        configuration.retry = RetryPolicy(attempts: 1)
        let environment = AWSEnvironment(
            variables: ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true"],
            home: place.folder, now: { 1_793_491_200 })
        let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
        guard let store = try? S3Store(configuration, environment: environment, logger: logger),
            let key = ObjectKey("sets/a.json")
        else { return }
        var listed = 0
        try? store.list(prefix: "sets/", after: nil) { _ in
            listed += 1
            return listed < 1000 ? .proceed : .stop
        }
        _ = try? store.head(key)
        _ = try? store.read(key, limit: 1 << 20)
        _ = try? store.delete([key])
    }
}
