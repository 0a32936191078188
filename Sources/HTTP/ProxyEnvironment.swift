internal import Glibc

/// The proxy that the environment names for a scheme.
///
/// libcurl reads `http_proxy` in lower case only, because a CGI program receives the `Proxy:` field of a request as
/// `HTTP_PROXY`. Most other programs read the upper case too, and so does `dr` unless it runs as a CGI program.
package struct ProxyEnvironment: Equatable, Sendable {
    /// The variable that names the proxy.
    package var variable: String
    package var url: String

    /// - Parameter value: reads a variable; returns nil if it is not set.
    /// - Returns: nil if no variable names a proxy; an empty variable means no proxy.
    package init?(scheme: String, _ value: (String) -> String?) {
        var names = ["\(scheme)_proxy"]
        if scheme != "http" || value("REQUEST_METHOD") == nil { names.append("\(scheme.uppercased())_PROXY") }
        for name in names + ["all_proxy", "ALL_PROXY"] {
            guard let url = value(name) else { continue }
            guard !url.isEmpty else { return nil }
            variable = name
            self.url = url
            return
        }
        return nil
    }

    /// Reads the environment of this process.
    init?(scheme: String) {
        self.init(scheme: scheme, Self.variable)
    }

    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// The proxy without user and password.
    package var shown: String {
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let place = url[start...].prefix { $0 != "/" }
        let host = place.lastIndex(of: "@").map { place[place.index(after: $0)...] } ?? place
        return String(url[..<start] + host)
    }
}
