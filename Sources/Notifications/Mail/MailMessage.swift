package import FoundationEssentials
internal import Platform

/// A plain-text message by RFC 5322 and MIME (RFC 2045, RFC 2047).
package struct MailMessage: Equatable, Sendable {
    /// The plain addresses: "backup@example.org".
    package var from: String
    package var to: [String]
    package var subject: String
    /// The text; its lines end in "\n".
    package var body: String
    package var date: Date
    /// The part of the message's identity before the "@".
    package var identity: String
    /// The identity of the thread, so that mail programs show the messages about one matter together.
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

    /// The message as it is sent, except that the protocol doubles dots.
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

    /// Encodes by RFC 2047, section 2: words of at most 75 characters, each of which ends between characters.
    static func encodedText(_ text: String) -> String {
        // A line end in the text must not begin another field.
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

    /// Formats by RFC 5322, section 3.3, in UTC.
    static func date(_ date: Date) -> String {
        let parts = UTCTime(seconds: Int(clamping: date.timeIntervalSince1970.rounded(.down)))
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = "\(days[parts.weekday]), \(UTCTime.padded(parts.day)) \(months[parts.month - 1])"
        return "\(day) \(parts.year) \(parts.time) +0000"
    }
}
