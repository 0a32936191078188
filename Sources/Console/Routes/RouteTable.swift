/// Chooses the route of a request, and turns its errors into pages.
package struct RouteTable: Sendable {
    package var routes: [Route]
    private let failure: @Sendable (PageFailure, WebRequest) -> WebResponse

    /// - Parameter failure: the response for a page that cannot be shown.
    package init(_ routes: [Route], failure: @escaping @Sendable (PageFailure, WebRequest) -> WebResponse) {
        self.routes = routes
        self.failure = failure
    }

    /// - Returns: the route with the values of its pattern; nil if the console has no such page.
    func find(_ request: WebRequest) -> (route: Route, values: [String: [String]])? {
        let method = request.method == "HEAD" ? "GET" : request.method
        for route in routes where route.method == method {
            if let values = route.match(request.path) { return (route, values) }
        }
        return nil
    }

    /// - Parameter isAllowed: judges a visitor of a route that is not open; nil if the visitor may see it.
    package func answer(_ request: WebRequest, isAllowed: (WebRequest) -> WebResponse?) -> WebResponse {
        guard let (route, values) = find(request) else {
            // An unknown address tells a stranger nothing.
            if let refusal = isAllowed(request) { return refusal }
            let exists = routes.contains { $0.match(request.path) != nil }
            return failure(
                exists
                    ? PageFailure(405, "the console is read-only: this address takes GET and HEAD")
                    : .notFound("there is no page at this address"), request)
        }
        if route.access == .signedIn, let refusal = isAllowed(request) { return refusal }
        do { return try route.answer(RoutedRequest(request: request, values: values)) } catch {
            return failure(PageFailure(error), request)
        }
    }
}
