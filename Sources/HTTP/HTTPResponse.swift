internal import CCurl
internal import Platform

/// Status and header fields of the final response; interim ones (1xx) are dropped.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: HTTPHeaders
    /// True if libcurl sent the request twice, the first time over a kept connection that turned out to be dead: the
    /// server may have executed it twice.
    package var wasRepeated = false

    package init(status: Int, headers: HTTPHeaders = HTTPHeaders()) {
        self.status = status
        self.headers = headers
    }

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// The announced length of the body in bytes, if the server sent it.
    package var contentLength: Int? {
        headers["content-length"].flatMap { Int($0) }.flatMap { DocumentRange.sizes.contains($0) ? $0 : nil }
    }

    /// The address that a redirection (301, 302, 303, 307, 308) names, without query and user.
    package var redirection: String? {
        guard [301, 302, 303, 307, 308].contains(status), let location = headers["location"], !location.isEmpty else {
            return nil
        }
        let plain = HTTPRequest("", location).summary.drop { $0 == " " }
        return String(plain.unicodeScalars.filter { $0.value > 32 && $0.value != 127 }.prefix(200).map(Character.init))
    }

    /// The server's clock, in seconds since 1970.
    package var date: Int? { headers["date"].flatMap(HTTPDate.parse) }

    /// The wait that the server asks for: the field contains seconds or a date (RFC 9110, section 10.2.3).
    package var retryAfter: Duration? {
        guard let text = headers["retry-after"] else { return nil }
        if let seconds = Int(text) { return .seconds(min(max(0, seconds), Self.longestWait)) }
        guard let until = HTTPDate.parse(text), let now = date else { return nil }
        return .seconds(min(max(0, until.subtractingClamped(now)), Self.longestWait))
    }

    /// One day, in seconds. No caller waits longer.
    private static let longestWait = 86_400
}

package enum HTTPDate {
    /// Parses a date in any of the forms of RFC 9110, section 5.6.7, to seconds since 1970; nil if it is not a date.
    package static func parse(_ text: String) -> Int? {
        let seconds = curl_getdate(text, nil)
        return seconds >= 0 ? seconds : nil
    }
}
