internal import Documents
internal import FoundationEssentials
package import HTTP
internal import Platform

/// Requests to one receiver. Reports about them contain no secrets: the address of most receivers is a secret.
package struct HTTPExchange: Sendable {
    private let client: HTTPClient
    private let secrets: [String]

    /// - Parameter secrets: texts that no message may contain: tokens, whole addresses.
    package init(_ options: HTTPOptions = HTTPOptions(), secrets: [String] = []) {
        var options = options
        options.stallTimeout = .seconds(15)
        client = HTTPClient(options)
        // In an address that contains a token, the parts after the host are secret too.
        let parts = secrets.flatMap { secret -> [String] in
            guard let host = secret.firstRange(of: "://") else { return [] }
            let rest = secret[host.upperBound...]
            return [
                rest.firstIndex(of: "/").map { String(rest[$0...]) },
                rest.firstIndex(of: "@").map { String(rest[..<$0]) },
            ]
            .compactMap { $0 }
        }
        self.secrets = (secrets + parts).filter { $0.count > 3 }.sorted { $0.count > $1.count }
    }

    /// - Returns: the status, at most 299, and the beginning of the body.
    /// - Throws: ``DeliveryError``; `CancellationError`.
    func send(_ request: HTTPRequest) throws -> (status: Int, body: [UInt8]) {
        var request = request
        request.isSentOnce = request.method != "GET"
        request.totalTimeout = request.totalTimeout ?? .seconds(60)
        var body: [UInt8] = []
        let response: HTTPResponse
        do {
            response = try client.perform(request) { _, piece in
                // The rest of a longer answer is not needed.
                piece.withUnsafeBytes { body += $0.prefix(max(0, Self.answerLimit - body.count)) }
            }
        } catch let error as HTTPError {
            throw DeliveryError("\(host(request)): \(redacted(error.detail))", isRetryable: error.isRetryable)
        }
        guard response.isSuccess else { throw refusal(of: request, by: response, body) }
        return (response.status, body)
    }

    private func refusal(of request: HTTPRequest, by response: HTTPResponse, _ body: [UInt8]) -> DeliveryError {
        let text = String(decoding: body.prefix(2000), as: UTF8.self).trimmed
        let line = String(text.prefix { !$0.isNewline }.prefix(200))
        let words = line.isEmpty || line.hasPrefix("<") ? "" : ": \(redacted(line))"
        let hint: String? =
            switch response.status {
            case 300..<400: "the address redirects: configure the target of the redirection"
            case 401, 403: "check the channel's credentials"
            case 404, 410: "check the channel's address: no receiver exists there"
            default: nil
            }
        let isRetryable = response.status >= 500 || [408, 425, 429].contains(response.status)
        return DeliveryError(
            "\(host(request)): HTTP \(response.status)\(words)", hint: hint, isRetryable: isRetryable,
            retryAfter: response.retryAfter)
    }

    /// Returns the part of the address that is not secret.
    private func host(_ request: HTTPRequest) -> String {
        let plain = request.summary.split(separator: " ").last ?? ""
        let parts = plain.split(separator: "/", omittingEmptySubsequences: true)
        return parts.count > 1 ? "\(parts[0])//\(parts[1])" : "the address"
    }

    private func redacted(_ text: String) -> String {
        secrets.reduce(text) { $0.replacing($1, with: "***") }
    }

    private static let answerLimit = 1 << 20
}

extension HTTPRequest {
    /// Makes a request with a JSON document.
    static func json(
        _ method: String, _ url: String, body: JSONValue, headers: [HTTPHeaders.Field] = []
    ) -> HTTPRequest {
        HTTPRequest(
            method, url, headers: [(name: "Content-Type", value: "application/json")] + headers,
            body: .bytes(body.compact))
    }
}

extension Notice {
    /// RFC 3339 in UTC.
    var timestamp: String { RFC3339.text(at) }

    /// RFC 3339 in UTC, with milliseconds.
    var timestampWithMilliseconds: String {
        RFC3339.text(milliseconds: Int(clamping: (at.timeIntervalSince1970 * 1000).rounded(.down)))
    }

    /// The facts in a fixed order, with readable names: "rto seconds".
    var lines: [(name: String, value: String)] {
        var lines = [(name: "stack", value: stack)]
        if let scenario { lines.append((name: "scenario", value: scenario)) }
        if let run { lines.append((name: "run", value: run)) }
        lines += facts.sorted { $0.key < $1.key }.map { (name: $0.key.replacing("_", with: " "), value: $0.value) }
        return lines
    }
}
