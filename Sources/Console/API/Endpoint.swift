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
    /// The definition in output.schema.json; nil for one of ``OpenAPI``'s own.
    var definition: String?
    var ownSchema: String?
    var parameters: [Parameter] = []
    /// Makes the document.
    var make: @Sendable (Site, RoutedRequest) throws -> String
}

extension Site {
    var apiRoutes: [Route] {
        Endpoint.all.map { endpoint in
            Route("/api/v1\(endpoint.path)") { [self] routed in
                let names = Set(endpoint.parameters.filter { !$0.isInPath }.map(\.name))
                try PageText.check(routed.request, allows: names)
                return .json(try endpoint.make(self, routed))
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
