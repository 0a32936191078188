package import Foundation
internal import Platform

/// A message of plain text as RFC 5322 and MIME (RFC 2045, RFC 2047) have it.
package struct MailMessage: Equatable, Sendable {
    /// Plain addresses: "backup@example.org".
    package var from: String
    package var to: [String]
    package var subject: String
    /// Lines end in "\n".
    package var body: String
    package var date: Date
    /// The part of the message's identity before the "@".
    package var identity: String
    /// Identity of what it belongs to, so that messages about one matter are shown as one thread.
    package var thread: String?

    package init(
        from: String, to: [String], subject: String, body: String, date: Date, identity: String, thread: String? = nil
    ) {
        self.from = from
        self.to = to
        self.subject = subject
        self.body = body
        self.date = date
        self.identity = identity
        self.thread = thread
    }

    /// The message as it is sent, but for the dots that the protocol doubles.
    package var text: String {
        let isPlain =
            body.unicodeScalars.allSatisfy { $0.value < 0x7f && ($0.value >= 0x20 || $0 == "\n" || $0 == "\t") }
            && body.split(separator: "\n").allSatisfy { $0.utf8.count <= 998 }
        let domain = from.split(separator: "@").last ?? "localhost"
        var fields = [
            ("Date", Self.date(date)), ("From", from), ("To", to.joined(separator: ",\r\n ")),
            ("Subject", Self.encodedText(subject)), ("Message-ID", "<\(identity)@\(domain)>"),
        ]
        if let thread { fields.append(("References", "<\(thread)@\(domain)>")) }
        fields += [
            ("Auto-Submitted", "auto-generated"), ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", isPlain ? "7bit" : "base64"),
        ]
        let head = fields.map { "\($0.0): \($0.1)\r\n" }.joined()
        let content =
            isPlain
            ? body.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
            : Data(body.utf8).base64EncodedString(options: [
                .lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed,
            ])
        return "\(head)\r\n\(content)\r\n"
    }

    /// RFC 2047, section 2: words of at most 75 characters, none of which ends within a character.
    static func encodedText(_ text: String) -> String {
        // No line end may begin a field of its own.
        let line = String(text.map { $0.isNewline || $0.asciiValue.map { $0 < 0x20 || $0 == 0x7f } == true ? " " : $0 })
        if line.allSatisfy(\.isASCII), line.utf8.count <= 900 { return line }
        var words: [String] = [], piece = ""
        for character in line {
            if piece.utf8.count + String(character).utf8.count > 45 {
                words.append(piece)
                piece = ""
            }
            piece.append(character)
        }
        return (words + [piece]).map { "=?UTF-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    /// RFC 5322, section 3.3, in UTC.
    static func date(_ date: Date) -> String {
        let parts = UTCTime(seconds: Int(clamping: date.timeIntervalSince1970.rounded(.down)))
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = "\(days[parts.weekday]), \(UTCTime.padded(parts.day)) \(months[parts.month - 1])"
        return "\(day) \(parts.year) \(parts.time) +0000"
    }
}
