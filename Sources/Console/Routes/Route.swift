/// One address of the console, and the code that answers it.
package struct Route: Sendable {
    /// The visitors that may use a route.
    package enum Access: Sendable {
        /// All of them: health, assets, the sign-in page. Such a route tells nothing about the stack.
        case open
        case signedIn
    }

    package var method: String
    /// The segments of the path. `{name}` takes any segment, and `{name...}`, at the end, all that follow.
    package var pattern: [String]
    package var access: Access
    package var answer: @Sendable (RoutedRequest) throws -> WebResponse

    /// - Parameter path: such as `/sets/{set}/files`.
    package init(
        _ path: String, method: String = "GET", access: Access = .signedIn,
        answer: @escaping @Sendable (RoutedRequest) throws -> WebResponse
    ) {
        self.method = method
        self.access = access
        self.answer = answer
        pattern = path.split(separator: "/").map(String.init)
    }

    /// Returns the values of the pattern's names; nil if the path does not fit.
    func match(_ path: [String]) -> [String: [String]]? {
        var values: [String: [String]] = [:]
        var rest = path[...]
        for part in pattern {
            if part.hasPrefix("{"), part.hasSuffix("...}") {
                values[String(part.dropFirst().dropLast(4))] = Array(rest)
                return values
            }
            guard let segment = rest.popFirst() else { return nil }
            if part.hasPrefix("{"), part.hasSuffix("}") {
                values[String(part.dropFirst().dropLast())] = [segment]
            } else if part != segment {
                return nil
            }
        }
        return rest.isEmpty ? values : nil
    }
}

/// A request with the values of its route's pattern.
package struct RoutedRequest: Sendable {
    package var request: WebRequest
    var values: [String: [String]]

    /// The segment that stood for `{name}`.
    package subscript(_ name: String) -> String { values[name]?.first ?? "" }

    /// The segments that stood for `{name...}`.
    package func segments(_ name: String) -> [String] { values[name] ?? [] }
}
