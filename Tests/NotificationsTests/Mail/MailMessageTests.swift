import Foundation
import Testing

@testable import Notifications

@Suite struct MailMessageTests {
    private func message(subject: String = "s", body: String = "b\n") -> MailMessage {
        MailMessage(
            from: "dr@example.org", to: ["a@example.org", "b@example.org"], subject: subject, body: body,
            date: Date(timeIntervalSince1970: 1_795_515_410), identity: "one", thread: "topic")
    }

    @Test func `the mail header has the fields that the standard requires`() {
        let lines = message(subject: "it failed").text.components(separatedBy: "\r\n")
        #expect(
            lines.prefix(while: { !$0.isEmpty }) == [
                "Date: Tue, 24 Nov 2026 10:16:50 +0000", "From: dr@example.org", "To: a@example.org,",
                " b@example.org", "Subject: it failed", "Message-ID: <one@example.org>",
                "References: <topic@example.org>", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 7bit",
            ])
    }

    @Test func `a line end in a subject begins no field`() {
        #expect(MailMessage.encodedText("a\r\nBcc: x@example.org\n") == "a Bcc: x@example.org ")
    }

    /// Tests the form of the words. The test of the server decodes them with Python's independent `email`.
    @Test func `an encoded subject is folded between characters`() {
        let subject = String(repeating: "größer ≥ 99,95 % ", count: 12)
        let words = MailMessage.encodedText(subject).components(separatedBy: "\r\n ")
        #expect(words.count > 2 && words.allSatisfy { $0.utf8.count <= 75 && $0.hasPrefix("=?UTF-8?B?") })
        let decoded = words.map {
            String(decoding: Data(base64Encoded: String($0.dropFirst(10).dropLast(2))) ?? Data(), as: UTF8.self)
        }
        #expect(decoded.joined() == subject)
        #expect(decoded.allSatisfy { !$0.contains("\u{fffd}") })
    }

    @Test(arguments: ["größer", String(repeating: "x", count: 2000)])
    func `a body that is not plain ASCII or has long lines is sent as base64`(body: String) {
        let text = message(body: body).text
        #expect(text.contains("Content-Transfer-Encoding: base64\r\n"))
        #expect(text.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 76 })
    }
}
