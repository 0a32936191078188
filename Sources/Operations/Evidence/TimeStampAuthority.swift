import Cryptography
import Documents
import HTTP
package import Platform
package import StackConfiguration

/// A time stamp authority over HTTP (RFC 3161, 3.4).
package struct TimeStampAuthority: Sendable {
    private let url: String
    private let certificates: [X509Certificate]
    private let timeout: Duration

    /// A reply is some kibibytes long, with the certificates of the authority.
    private static let longestReply = 256 << 10

    /// - Throws: `CMSError` if the certificates cannot be read.
    package init(_ configuration: TimeStampConfiguration) throws {
        url = configuration.url
        certificates = try X509Certificate.load(configuration.ca)
        timeout = configuration.timeout.duration
    }

    /// Requests a stamp with a random nonce, and verifies the reply. Blocks.
    /// - Returns: the reply, as it is stored.
    /// - Throws: ``TimeStampError``; `CancellationError`.
    package func stamp(_ document: [UInt8]) throws -> [UInt8] {
        // The first bit is set, so that the number has no leading zero.
        var nonce = RandomID.bytes(16)
        nonce[0] |= 0x80
        var options = HTTPOptions()
        options.connectTimeout = timeout
        options.stallTimeout = timeout
        do {
            var request = HTTPRequest(
                "POST", url,
                headers: [("Content-Type", TimeStamp.requestType), ("Accept", TimeStamp.replyType)],
                body: .bytes(try TimeStamp.request(for: document, nonce: nonce)))
            request.answerTimeout = timeout
            request.totalTimeout = timeout * 2
            let (response, reply) = try HTTPClient(options).send(request, limit: Self.longestReply)
            guard response.isSuccess else { throw TimeStampError(url, "it answered with status \(response.status)") }
            _ = try TimeStamp(reply, of: document, nonce: nonce, trusting: certificates)
            return reply
        } catch let error as HTTPError {
            throw TimeStampError(url, error.detail)
        } catch let error as CMSError {
            throw TimeStampError(url, "its answer is not valid: \(error.detail)")
        }
    }
}

/// A time stamp authority that did not stamp a report.
package struct TimeStampError: OperationError, Equatable {
    package var url: String
    package var detail: String
    package var reasonCode: String { "time_stamp_failed" }
    package var place: ErrorPlace { ErrorPlace(object: url, text: "time stamp authority '\(url)'") }
    package var hint: String? { "run `dr report stamp` later: the stamp then shows that later time" }

    init(_ url: String, _ detail: String) {
        self.url = HTTPRequest("POST", url).summary.replacing("POST ", with: "", maxReplacements: 1)
        self.detail = detail
    }
}
