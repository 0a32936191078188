import HTTP

/// A request of a browser or another client.
package struct WebRequest: Sendable {
    package var method: String
    /// The decoded segments of the path: `["sets", "20261128T100000Z"]`; empty for `/`.
    package var path: [String]
    /// The decoded parameters of the query, in their order.
    package var query: [(name: String, value: String)]
    /// The headers with names in lower case.
    package var headers: [String: String]
    /// The body of a form; empty otherwise.
    package var body: [UInt8] = []
    /// True if the client showed a certificate that an accepted authority signed.
    package var hasCertificate = false
    /// The network of the client: 4 bytes of an IPv4 address, or the first 8 of an IPv6 address; empty if not known.
    package var network: [UInt8] = []
    /// True if the protocol marks the end of a stream, so that a client notices one that breaks off.
    package var marksEnd = true

    /// The first value of a parameter.
    package func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// True if a browser says that a page of another site loads this address as a part of itself: as an image, a frame,
    /// or by a script. A link that a visitor follows is not such a load.
    package var isLoadedByOtherSite: Bool {
        headers["sec-fetch-site"] == "cross-site"
            && !(headers["sec-fetch-mode"] == "navigate" && headers["sec-fetch-dest"] == "document")
    }

    /// The value of a cookie.
    package func cookie(_ name: String) -> String? {
        for part in (headers["cookie"] ?? "").split(separator: ";") {
            let part = part.drop { $0 == " " }
            if part.hasPrefix("\(name)=") { return String(part.dropFirst(name.count + 1)) }
        }
        return nil
    }

    /// - Parameter target: the path with its query, as the client sent it.
    /// - Returns: nil if the target is not valid: a wrong escape, a NUL, a segment `..`.
    package init?(method: String, target: String, headers: [String: String]) {
        guard target.hasPrefix("/") else { return nil }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path: [String] = []
        for part in parts[0].split(separator: "/", omittingEmptySubsequences: true) {
            guard let segment = FormText.decoded(part), ![".", ".."].contains(segment) else { return nil }
            path.append(segment)
        }
        guard let query = FormText.fields(parts.count > 1 ? parts[1] : "") else { return nil }
        (self.method, self.path, self.query, self.headers) = (method, path, query, headers)
    }
}
