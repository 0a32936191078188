import Operations

/// One address of the API, with its description for `openapi.json`.
struct Endpoint: Sendable {
    struct Parameter: Sendable {
        var name: String
        var isInPath = false
        var about: String
        /// The JSON Schema of its value.
        var schema: String
        var example: String?
    }

    /// Below `/api/v1`.
    var path: String
    var about: String
    /// The definition in ``PublishedSchema/output``; nil for one of ``OpenAPI``'s own.
    var definition: String?
    var ownSchema: String?
    var parameters: [Parameter] = []
    /// Answers a request with the document.
    var respond: @Sendable (Site, RoutedRequest) throws -> WebResponse

    private init(
        path: String, about: String, definition: String?, ownSchema: String?, parameters: [Parameter],
        respond: @escaping @Sendable (Site, RoutedRequest) throws -> WebResponse
    ) {
        self.path = path
        self.about = about
        self.definition = definition
        self.ownSchema = ownSchema
        self.parameters = parameters
        self.respond = respond
    }

    init(
        path: String, about: String, definition: String? = nil, ownSchema: String? = nil,
        parameters: [Parameter] = [], make: @escaping @Sendable (Site, RoutedRequest) throws -> String
    ) {
        self.init(path: path, about: about, definition: definition, ownSchema: ownSchema, parameters: parameters) {
            .json(try make($0, $1))
        }
    }

    /// An endpoint whose document may be long.
    init(
        path: String, about: String, definition: String, parameters: [Parameter],
        stream: @escaping @Sendable (Site, RoutedRequest) throws -> @Sendable (ResponseStream) throws -> Void
    ) {
        self.init(path: path, about: about, definition: definition, ownSchema: nil, parameters: parameters) {
            .stream(type: "application/json", try stream($0, $1))
        }
    }
}

extension Endpoint.Parameter {
    static let lastRange = 1...500

    /// The parameter that limits a list to its newest entries.
    static func last(of things: String, default usual: Int) -> Self {
        let bounds = "\"minimum\": \(lastRange.lowerBound), \"maximum\": \(lastRange.upperBound)"
        return Self(
            name: "last", about: "The number of \(things), the newest.",
            schema: "{\"type\": \"integer\", \(bounds), \"default\": \(usual)}")
    }
}

extension Site {
    var apiRoutes: [Route] {
        Endpoint.all.map { endpoint in
            Route("/api/v1\(endpoint.path)") { [self] routed in
                let names = Set(endpoint.parameters.filter { !$0.isInPath }.map(\.name))
                try PageText.check(routed.request, allows: names)
                return try endpoint.respond(self, routed)
            }
        }
            + PublishedSchema.all.map { schema in
                Route("/api/v1/\(schema.name)") { routed in
                    try PageText.check(routed.request, allows: [])
                    return WebResponse(type: "application/schema+json", text: schema.text)
                }
            } + [
                Route("/api/v1/openapi.json") { routed in
                    try PageText.check(routed.request, allows: [])
                    return WebResponse(type: "application/json", text: OpenAPI.document(Endpoint.all))
                }
            ]
    }

    /// An error as the API shows it.
    static func apiFailure(_ failure: PageFailure) -> WebResponse {
        struct Body: Encodable {
            struct Failure: Encodable {
                var status: Int
                var message: String
                var hint: String?
            }
            var error: Failure
        }
        let body = Body(error: .init(status: failure.status, message: failure.message, hint: failure.hint))
        let response = WebResponse.json((try? Output.json(body)) ?? "{}", status: failure.status)
        return failure.status == 405 ? response.with("Allow", "GET, HEAD") : response
    }
}
