package import Documents
internal import HTTP
internal import Platform

extension GrafanaAPI {
    /// The positions of a list's items and of their number in an answer.
    package struct ListShape: Sendable {
        /// Members that lead to the items; empty if the answer is the bare list.
        package var path: [String]
        package var page = "page"
        package var size = "perpage"
        package var firstPage = 1
        package var limit = 1000

        package init(
            _ path: [String] = [], page: String = "page", size: String = "perpage", firstPage: Int = 1,
            limit: Int = 1000
        ) {
            self.path = path
            self.page = page
            self.size = size
            self.firstPage = firstPage
            self.limit = limit
        }
    }

    /// No known server uses pages shorter than this: a page with fewer items is the last one.
    private static let shortPage = 100

    /// Reads all pages of a list, one after the other. Blocks: for a pool's thread.
    /// - Parameters:
    ///   - identity: the key that identifies an item.
    ///   - body: called with the items of each page that were not on a page before.
    package func pages(
        _ segments: [String], query: [(name: String, value: String)] = [], organization: Int? = nil,
        shape: ListShape = ListShape(), identity: (JSONValue) -> String, _ body: ([JSONValue]) throws -> Void
    ) throws {
        let pages = APIPages(from: shape.firstPage, shortest: min(shape.limit, Self.shortPage))
        try pages.forEach(identity: identity) { page in
            let request = GrafanaRequest(
                "GET", segments, query: query + [(shape.size, String(shape.limit)), (shape.page, String(page))],
                organization: organization)
            let answer = try value(request)
            // Older versions return some lists bare that newer ones wrap.
            let wrapped = shape.path.reduce(Optional(answer)) { $0?[$1] }
            guard let items = answer.array ?? wrapped?.array else {
                if wrapped?.isNull == true { return nil }
                throw GrafanaAPIError(
                    .notGrafana, operation: request.operation(location),
                    "the answer has no list '\(shape.path.joined(separator: "."))'")
            }
            let total = shape.path.dropLast().reduce(Optional(answer)) { $0?[$1] }?["totalCount"]?.integer
            return APIPages.Page(items, total: total)
        } _: {
            try body($0)
        }
    }

    /// All items of a list that is small enough to be held in memory.
    package func list(
        _ segments: [String], query: [(name: String, value: String)] = [], organization: Int? = nil,
        _ shape: ListShape = ListShape(), identity: (JSONValue) -> String
    ) throws -> [JSONValue] {
        var all: [JSONValue] = []
        try pages(segments, query: query, organization: organization, shape: shape, identity: identity) { all += $0 }
        return all
    }
}

extension GrafanaRequest {
    /// A form for messages: without the query.
    func operation(_ location: String) -> String {
        "\(method) \(location)/\(path.map { PercentEncoding.encode($0) }.joined(separator: "/"))"
    }
}
