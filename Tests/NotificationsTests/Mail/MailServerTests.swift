import Documents
import Foundation
import Lab
import Notifications
import Platform
import Testing

/// Tests with a real SMTP server, whose parser of messages is independent of ours.
@Suite(.enabled(if: MailSink.isInstalled)) struct MailServerTests {
    private static let pool = BlockingPool(threads: 4)

    private func message(to: String = "oncall@example.org", body: String = "first\n.\n..third\n") -> MailMessage {
        MailMessage(
            from: "dr@example.org", to: [to], subject: "Größe ≥ 50 %, \(String(repeating: "lang ", count: 20))ende",
            body: body, date: Date(), identity: "one")
    }

    private func send(_ message: MailMessage, _ server: MailServer) async throws -> String {
        try await Self.pool.run { try server.send(message) }
    }

    @Test(arguments: [MailSink.Security.startTLS, .tls])
    func `a message arrives as it was meant and encrypted`(security: MailSink.Security) async throws {
        let sink = try await MailSink.start(security, user: ("dr", "geheim"))
        var server = MailServer(url: sink.url)
        (server.username, server.password, server.caFile) = ("dr", "geheim", sink.certificate)
        #expect(try await send(message(), server) == "250 2.0.0 kept as 1")
        let kept = try #require(try sink.messages().first)
        #expect(kept["from"] == "dr@example.org" && kept["to"] == ["oncall@example.org"])
        #expect(kept["subject"]?.text == message().subject)
        #expect(kept["body"]?.text?.trimmingCharacters(in: .newlines) == "first\n.\n..third")
        #expect(kept["tls"] == true)
    }

    @Test func `nothing is sent in clear unless asked for`() async throws {
        let sink = try await MailSink.start()
        var server = MailServer(url: sink.url)
        let refusing = server
        let error = await #expect(throws: MailError.self) { try await send(message(), refusing) }
        #expect(error?.detail == "the server does not offer STARTTLS" && error?.isRetryable == false)
        #expect(try sink.messages().isEmpty)
        server.requiresTLS = false
        _ = try await send(message(body: "größer\n"), server)
        #expect(try sink.messages().first?["body"]?.text == "größer\n")
    }

    @Test func `a server that is not trusted gets nothing`() async throws {
        let sink = try await MailSink.start(.startTLS)
        let error = await #expect(throws: MailError.self) { try await send(message(), MailServer(url: sink.url)) }
        #expect(error?.isRetryable == false && error?.hint?.contains("ca_file") == true)
    }

    @Test func `permanent refusals are distinguished from temporary ones`() async throws {
        let sink = try await MailSink.start(user: nil)
        var server = MailServer(url: sink.url)
        server.requiresTLS = false
        let open = server
        let nobody = await #expect(throws: MailError.self) { try await send(message(to: "nobody@example.org"), open) }
        #expect(nobody?.isRetryable == false && nobody?.detail.contains("550 5.1.1 no such user") == true)
        let later = await #expect(throws: MailError.self) { try await send(message(to: "later@example.org"), open) }
        #expect(later?.isRetryable == true && later?.detail.contains("451") == true)
    }

    @Test func `a wrong password is not repeated`() async throws {
        let sink = try await MailSink.start(.startTLS, user: ("dr", "geheim"))
        var server = MailServer(url: sink.url)
        (server.username, server.password, server.caFile) = ("dr", "falsch", sink.certificate)
        let wrong = server
        let error = await #expect(throws: MailError.self) { try await send(message(), wrong) }
        #expect(error?.hint == "check `username` and `password`")
        #expect(error.map { "\($0)".contains("falsch") } == false)
    }

    @Test func `a server that is away is worth another try`() async throws {
        let error = await #expect(throws: MailError.self) {
            try await send(message(), MailServer(url: "smtp://127.0.0.1:1"))
        }
        #expect(error?.isRetryable == true)
    }
}
