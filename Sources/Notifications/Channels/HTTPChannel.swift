package import HTTP

/// The requests for a notification to one kind of receiver.
package protocol NoticeFormat: Sendable {
    /// Returns the requests; none if the notification does not apply to the receiver.
    func requests(for notice: Notice) -> [HTTPRequest]
}

/// A receiver that needs only requests, not their answers.
package struct HTTPChannel: Channel {
    package let name: String
    package let filter: NoticeFilter
    private let format: any NoticeFormat
    private let exchange: HTTPExchange

    package init(_ name: String, _ filter: NoticeFilter, format: any NoticeFormat, over exchange: HTTPExchange) {
        self.name = name
        self.filter = filter
        self.format = format
        self.exchange = exchange
    }

    package func deliver(_ notice: Notice) throws -> String {
        var answers: [String] = []
        for request in format.requests(for: notice) {
            answers.append("HTTP \(try exchange.send(request).status)")
        }
        return answers.last ?? "not for this channel"
    }
}
