internal import FoundationEssentials
internal import Platform

/// A channel that sends mail.
package struct MailChannel: Channel {
    package let name: String
    package let filter: NoticeFilter
    private let server: MailServer
    private let from: String
    private let to: [String]

    package init(_ name: String, _ filter: NoticeFilter, server: MailServer, from: String, to: [String]) {
        self.name = name
        self.filter = filter
        self.server = server
        self.from = from
        self.to = to
    }

    package func deliver(_ notice: Notice) throws -> String {
        do {
            return redacted(try server.send(message(notice)))
        } catch let error as MailError {
            throw DeliveryError(redacted(error.detail), hint: error.hint, isRetryable: error.isRetryable)
        }
    }

    func message(_ notice: Notice) -> MailMessage {
        let lines = notice.lines.map { "\($0.name): \($0.value)\n" }.joined()
        let body = """
            \(notice.summary)

            \(notice.event.title), \(notice.severity.rawValue), at \(notice.timestamp)
            \(lines)
            -- \n\
            dr
            """
        let thread = "dr." + Self.atom(notice.topic)
        let milliseconds = Int(clamping: notice.at.timeIntervalSince1970 * 1000)
        return MailMessage(
            from: from, to: to, subject: "[\(notice.severity.rawValue)] \(notice.stack): \(notice.summary)",
            body: body, date: notice.at, identity: "\(thread).\(notice.event.rawValue).\(milliseconds)", thread: thread)
    }

    /// Returns a text for the left part of a message's identity (RFC 5322, section 3.6.4).
    private static func atom(_ text: String) -> String {
        String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "-" ? $0 : "." })
            .split(separator: ".").joined(separator: ".")
    }

    private func redacted(_ text: String) -> String {
        server.password.map { $0.isEmpty ? text : text.replacing($0, with: "***") } ?? text
    }
}
