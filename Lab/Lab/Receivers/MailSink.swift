package import Documents
internal import Foundation

/// A real SMTP server, aiosmtpd, that stores its messages.
///
/// It permanently rejects recipients that contain "nobody", and rejects those that contain "later" the first time.
package final class MailSink: Sendable {
    package enum Security: String, Sendable {
        case none
        /// STARTTLS is required before other commands.
        case startTLS
        /// TLS from the first byte.
        case tls
    }

    package let port: UInt16
    /// The certificate that a client must trust, as PEM.
    package let certificate: String
    package var url: String { "\(security == .tls ? "smtps" : "smtp")://127.0.0.1:\(port)" }
    private let security: Security
    private let process: ServerProcess
    private let folder: TemporaryFolder

    private init(
        port: UInt16, certificate: String, security: Security, process: ServerProcess, folder: TemporaryFolder
    ) {
        self.port = port
        self.certificate = certificate
        self.security = security
        self.process = process
        self.folder = folder
    }

    /// True if the Python package is installed.
    package static var isInstalled: Bool { LabTool.isInstalled("aiosmtpd") }

    /// Starts a server.
    /// - Parameter user: the required user name and password.
    package static func start(
        _ security: Security = .none, user: (name: String, password: String)? = nil
    ) async throws -> MailSink {
        let folder = try TemporaryFolder("mail")
        let certificate = "\(folder.path)/certificate.pem", key = "\(folder.path)/key.pem"
        if security != .none {
            _ = try await LabTool.output(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                    "-out", certificate, "-days", "1", "-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1",
                ])
        }
        return try await LabTool.retrying {
            let port = try FreePort.find()[0]
            let process = try await ServerProcess(
                "mail", executable: try LabTool.path("python"),
                arguments: [
                    "-c", program, "\(port)", folder.path, security.rawValue, user?.name ?? "", user?.password ?? "",
                ], folder: folder.url)
            return MailSink(port: port, certificate: certificate, security: security, process: process, folder: folder)
        } check: { sink in
            try await sink.process.waitUntil {
                FileManager.default.fileExists(atPath: "\(sink.folder.path)/listening-\(sink.port)")
            }
        }
    }

    /// Returns the received messages in order: `from`, `to`, `subject` and `body` from Python's mail parser, `headers`,
    /// `raw`.
    package func messages() throws -> [JSONValue] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
        return try names.sorted().map { name in
            try JSONValue(parsing: [UInt8](try Data(contentsOf: folder.url.appending(path: name))))
        }
    }

    private static let program = """
        import asyncio, email, email.policy, json, os, ssl, sys
        from aiosmtpd.smtp import SMTP, AuthResult

        port, folder, security, user, password = int(sys.argv[1]), *sys.argv[2:6]
        context = None
        if security != "none":
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(folder + "/certificate.pem", folder + "/key.pem")

        class Sink:
            count, delayed = 0, set()

            async def handle_RCPT(self, server, session, envelope, address, options):
                if "nobody" in address:
                    return "550 5.1.1 no such user"
                if "later" in address and address not in self.delayed:
                    self.delayed.add(address)
                    return "451 4.3.0 try again later"
                envelope.rcpt_tos.append(address)
                return "250 2.1.5 ok"

            async def handle_DATA(self, server, session, envelope):
                message = email.message_from_bytes(envelope.content, policy=email.policy.default)
                self.count += 1
                path = f"{folder}/{self.count:04}.json"
                with open(path + ".part", "w") as file:
                    json.dump({"from": envelope.mail_from, "to": envelope.rcpt_tos, "subject": message["subject"],
                               "body": message.get_content().replace("\\r\\n", "\\n"), "headers": dict(message.items()),
                               "raw": envelope.content.decode(), "tls": session.ssl is not None or security == "tls"}, file)
                os.rename(path + ".part", path)
                return f"250 2.0.0 kept as {self.count}"

        def authenticate(server, session, envelope, mechanism, data):
            good = (data.login.decode(), data.password.decode()) == (user, password)
            return AuthResult(success=good, handled=False)

        sink = Sink()
        def session():
            return SMTP(sink, hostname="sink", tls_context=context if security == "startTLS" else None,
                        require_starttls=security == "startTLS", authenticator=authenticate if user else None,
                        auth_required=bool(user), auth_require_tls=security == "startTLS")

        async def main():
            server = await asyncio.get_running_loop().create_server(
                session, "127.0.0.1", port, ssl=context if security == "tls" else None)
            open(f"{folder}/listening-{port}", "w").close()
            await server.serve_forever()

        asyncio.run(main())
        """
}
