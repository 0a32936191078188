internal import CCurl
internal import HTTP
package import Platform

/// A server that accepts mail over SMTP, reached through libcurl. Sending blocks: run it on a `BlockingPool`.
package struct MailServer: Equatable, Sendable {
    /// `smtp://host:587`, or `smtps://host:465` if TLS comes before the first command.
    package var url: String
    /// For smtp://: true if nothing is sent before STARTTLS (RFC 3207) has encrypted the connection.
    package var requiresTLS = true
    package var username: String?
    package var password: String?
    /// PEM certificates to trust instead of those of the system.
    package var caFile: String?
    package var isInsecure = false

    package init(url: String) { self.url = url }

    /// Hands a message over to the server. The server does not report whether the message reaches its recipient.
    /// - Returns: the server's last reply, such as "250 2.0.0 Ok: queued as 4F2".
    /// - Throws: ``MailError``; `CancellationError` within about a second of the task's cancellation.
    package func send(_ message: MailMessage) throws -> String {
        try Task.checkCancellation()
        guard let handle = curl_easy_init() else {
            fatalError("curl_easy_init: out of memory")  // checked: it takes no data
        }
        defer { curl_easy_cleanup(handle) }
        let transfer = MailTransfer([UInt8](message.text.utf8))
        return try withExtendedLifetime(transfer) {
            let context = Unmanaged.passUnretained(transfer).toOpaque()
            var recipients: UnsafeMutablePointer<curl_slist>?
            defer { curl_slist_free_all(recipients) }
            for address in message.to { recipients = curl_slist_append(recipients, address) }
            connect(handle)
            dr_curl_set_string(handle, CURLOPT_MAIL_FROM, message.from)
            dr_curl_set_list(handle, CURLOPT_MAIL_RCPT, recipients)
            dr_curl_set_long(handle, CURLOPT_UPLOAD, 1)
            dr_curl_set_io(handle, CURLOPT_READFUNCTION, readMail)
            dr_curl_set_pointer(handle, CURLOPT_READDATA, context)
            dr_curl_set_io(handle, CURLOPT_HEADERFUNCTION, hearMailServer)
            dr_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
            dr_curl_set_long(handle, CURLOPT_NOPROGRESS, 0)
            dr_curl_set_progress(handle, proceedWithMail)
            let code = curl_easy_perform(handle)
            if code == CURLE_ABORTED_BY_CALLBACK { try Task.checkCancellation() }
            guard code == CURLE_OK else { throw MailError(code, refusal: transfer.refusal) }
            return transfer.answer
        }
    }

    private func connect(_ handle: UnsafeMutableRawPointer) {
        dr_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        dr_curl_set_string(handle, CURLOPT_URL, url)
        dr_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        dr_curl_set_long(handle, CURLOPT_USE_SSL, requiresTLS ? Int(CURLUSESSL_ALL.rawValue) : 0)
        // A notification is a few kilobytes; a transfer that takes longer than this hangs.
        dr_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, 10_000)
        dr_curl_set_long(handle, CURLOPT_TIMEOUT_MS, 60_000)
        if let username { dr_curl_set_string(handle, CURLOPT_USERNAME, username) }
        if let password { dr_curl_set_string(handle, CURLOPT_PASSWORD, password) }
        if let caFile = caFile ?? HostAuthorities.file { dr_curl_set_string(handle, CURLOPT_CAINFO, caFile) }
        if isInsecure {
            dr_curl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 0)
            dr_curl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 0)
        }
    }
}

/// A message that the server did not accept.
package struct MailError: OperationError, Equatable {
    package var detail: String
    package var hint: String?
    /// True if the server may accept the same message a moment later (RFC 5321, section 4.2.1: codes of 4xx).
    package var isRetryable: Bool

    package var reasonCode: String { "notification_failed" }
    package var place: ErrorPlace { ErrorPlace() }

    /// - Parameter refusal: the server's line of 4xx or 5xx; empty if there was none.
    init(_ code: CURLcode, refusal: String) {
        let words = String(cString: curl_easy_strerror(code))
        detail = refusal.isEmpty ? words : "the server refused: \(refusal)"
        switch code {
        case CURLE_USE_SSL_FAILED:
            detail = "the server does not offer STARTTLS"
            hint = "use the server's smtps:// port; `starttls: false` would send all data in clear text"
            isRetryable = false
        // RFC 4954, section 6: the server's reply about the sender.
        case _ where code == CURLE_LOGIN_DENIED || ["530", "534", "535"].contains(refusal.prefix(3)):
            hint = "check `username` and `password`"
            isRetryable = refusal.first == "4"
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CONNECT_ERROR:
            hint = "set `ca_file` to the certificates to trust"
            isRetryable = false
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_OPERATION_TIMEDOUT, CURLE_SEND_ERROR,
            CURLE_RECV_ERROR, CURLE_GOT_NOTHING:
            isRetryable = refusal.first != "5"
        default: isRetryable = refusal.first == "4"
        }
    }
}

/// The state of one message, which libcurl passes to the callbacks below as an opaque pointer.
private final class MailTransfer {
    private let text: [UInt8]
    private var position = 0
    /// The server's last line.
    private(set) var answer = ""
    /// The server's last line with a refusal; libcurl still ends the session after one.
    private(set) var refusal = ""

    init(_ text: [UInt8]) { self.text = text }

    static func from(_ context: UnsafeMutableRawPointer) -> MailTransfer {
        Unmanaged<MailTransfer>.fromOpaque(context).takeUnretainedValue()
    }

    func read(into space: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(space.count, text.count - position)
        text.withUnsafeBytes {
            space.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
        }
        position += count
        return count
    }

    func hear(_ line: UnsafeRawBufferPointer) {
        answer = String(String(decoding: line, as: UTF8.self).prefix(200).prefix { !$0.isNewline })
        if answer.first == "4" || answer.first == "5" { refusal = answer }
    }
}

private func readMail(
    bytes: UnsafeMutablePointer<CChar>, size: Int, count: Int, context: UnsafeMutableRawPointer
) -> Int {
    MailTransfer.from(context).read(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
}

private func hearMailServer(
    bytes: UnsafeMutablePointer<CChar>, size: Int, count: Int, context: UnsafeMutableRawPointer
) -> Int {
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    MailTransfer.from(context).hear(line)
    return line.count
}

private func proceedWithMail(
    context: UnsafeMutableRawPointer?, toReceive: Int, received: Int, toSend: Int, sent: Int
) -> CInt {
    Task.isCancelled ? 1 : 0
}
