import Foundation
import Lab
import Testing

/// `dr serve` with TLS and the certificates of visitors, asked by curl.
@Suite struct ServeTLSTests {
    private static let token = "0123456789abcdef0123456789abcdef"

    /// The certificates of a test, made by openssl: each as `NAME.pem` and `NAME.key`.
    private struct Certificates {
        let folder: URL

        func path(_ name: String) -> String { folder.appending(path: name).path }

        func authority(_ name: String) async throws {
            try await openssl(["req", "-x509", "-days", "2"] + Self.newKey + named(name, path("\(name).pem")))
        }

        /// - Parameters:
        ///   - use: the extended key usage.
        ///   - days: the validity; the certificate has expired if it is negative.
        func sign(_ name: String, by authority: String, use: String, days: Int = 1) async throws {
            try await openssl(
                ["req", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "extendedKeyUsage=\(use)"] + Self.newKey
                    + named(name, path("\(name).csr")))
            try await openssl([
                "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(authority).pem"), "-CAkey",
                path("\(authority).key"), "-days", "\(days)", "-copy_extensions", "copyall", "-out",
                path("\(name).pem"),
            ])
        }

        private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

        private func named(_ name: String, _ file: String) -> [String] {
            ["-subj", "/CN=\(name)", "-keyout", path("\(name).key"), "-out", file]
        }

        private func openssl(_ arguments: [String]) async throws {
            _ = try await LabTool.output("/usr/bin/openssl", arguments)
        }

        /// The options of curl that show the certificate to the console.
        func options(_ name: String?) -> [String] {
            let shown = name.map { ["--cert", path("\($0).pem"), "--key", path("\($0).key")] } ?? []
            return ["--cacert", path("servers.pem")] + shown
        }
    }

    private func certificates(_ journey: Journey) async throws -> Certificates {
        let all = Certificates(folder: journey.folder.url)
        for authority in ["servers", "visitors", "others"] { try await all.authority(authority) }
        try await all.sign("console", by: "servers", use: "serverAuth")
        return all
    }

    @Test func `a visitor with a certificate of the right authority is admitted, and no other one`() async throws {
        let journey = try await Journey()
        let all = try await certificates(journey)
        try await all.sign("ann", by: "visitors", use: "clientAuth")
        try await all.sign("stranger", by: "others", use: "clientAuth")
        try await all.sign("former", by: "visitors", use: "clientAuth", days: -1)
        try await all.sign("machine", by: "visitors", use: "serverAuth")
        let console = try await ServedConsole(
            journey, "serve", "--tls-certificate", "console.pem", "--tls-key", "console.key", "--client-ca",
            "visitors.pem")
        #expect(console.address.hasPrefix("https://"))
        for (name, admitted) in [
            ("ann", true), (nil, false), ("stranger", false), ("former", false), ("machine", false),
        ] as [(String?, Bool)] {
            // An admitted visitor gets the description of the API; it does not need the repository.
            let (status, body) = try await console.get("/api/v1/openapi.json", curl: all.options(name))
            #expect(status == (admitted ? "200" : "401"), "\(name ?? "none"): \(body)")
            #expect(body.contains("openapi") == admitted, "\(name ?? "none")")
            #expect(try await console.get("/healthz", curl: all.options(name)).body == "ok\n")
        }
        let refusal = try await console.get("/", curl: all.options(nil) + ["-H", "Accept: text/html"])
        #expect(refusal.status == "401" && refusal.body == "the console needs a certificate\n")
        // A client that does not know the authority of the console gets no response.
        #expect(try await console.get("/healthz").status == "000")
        // A port that speaks TLS does not answer in the clear.
        let clear = try await CommandRun.run(
            "/usr/bin/env",
            ["curl", "-s", "--max-time", "5", console.address.replacing("https:", with: "http:") + "/healthz"])
        #expect(clear.status != 0 && clear.output == "")
        try await console.process.stop()
    }

    @Test func `versions of TLS before 1.2 are refused`() async throws {
        let journey = try await Journey()
        _ = try await certificates(journey)
        let console = try await ServedConsole(
            journey, "serve", "--tls-certificate", "console.pem", "--tls-key", "console.key")
        let place = console.address.replacing("https://", with: "")
        for (version, admitted) in [("-tls1", nil), ("-tls1_1", nil), ("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")]
            as [(String, String?)]
        {
            // Without the security level, the client itself would refuse the old versions.
            let run = try await CommandRun.run(
                "/bin/sh",
                [
                    "-c",
                    "openssl s_client -connect \(place) \(version) -cipher DEFAULT:@SECLEVEL=0 </dev/null 2>&1",
                ])
            #expect(
                run.output.contains(admitted.map { "New, \($0)" } ?? "no peer certificate"), "\(version): \(run.output)"
            )
            #expect(!run.output.contains("no protocols available"), "the client does not speak \(version)")
        }
        try await console.process.stop()
    }

    @Test func `with a token and an authority, one of them is enough`() async throws {
        let journey = try await Journey()
        let all = try await certificates(journey)
        try await all.sign("ann", by: "visitors", use: "clientAuth")
        try await all.sign("stranger", by: "others", use: "clientAuth")
        let file = journey.folder.url.appending(path: "token")
        #expect(
            FileManager.default.createFile(
                atPath: file.path, contents: Data(Self.token.utf8), attributes: [.posixPermissions: 0o600]))
        let settings = try String(contentsOf: journey.folder.url.appending(path: "dr.yaml"), encoding: .utf8)
        try Data(
            """
            \(settings)
            serve:
              token_file: token
              tls_certificate: console.pem
              tls_key: console.key
              client_ca: visitors.pem

            """.utf8
        ).write(to: journey.folder.url.appending(path: "dr.yaml"))
        let console = try await ServedConsole(journey)
        for (name, token, status) in [
            ("ann", nil, "200"), (nil, Self.token, "200"), ("stranger", Self.token, "200"), ("ann", "wrong", "200"),
            (nil, nil, "401"), ("stranger", nil, "401"), (nil, "wrong", "401"),
        ] as [(String?, String?, String)] {
            let found = try await console.get("/api/v1/openapi.json", token: token, curl: all.options(name)).status
            #expect(found == status, "\(name ?? "none") \(token ?? "none")")
        }
        // The cookie of a session must not travel in the clear.
        let signIn = try await CommandRun.run(
            "/usr/bin/env",
            ["curl", "-s", "-i", "-d", "token=\(Self.token)", console.address + "/sign-in"] + all.options(nil))
        #expect(signIn.output.contains("dr-session=") && signIn.output.contains("; Secure"))
        try await console.process.stop()
    }

    @Test(arguments: [
        (["--tls-certificate", "console.pem"], "--tls-key"),
        (["--client-ca", "visitors.pem"], "--tls-certificate"),
        (["--tls-certificate", "console.pem", "--tls-key", "visitors.key"], "fit together"),
        (["--tls-certificate", "missing.pem", "--tls-key", "console.key"], "does not exist"),
        (["--tls-certificate", "console.pem", "--tls-key", "console.key", "--client-ca", "dr.yaml"], "PEM"),
    ])
    func `files for TLS that do not fit end the command`(arguments: [String], words: String) async throws {
        let journey = try await Journey()
        _ = try await certificates(journey)
        let run = try await journey.dr(["serve", "--listen", "127.0.0.1:0"] + arguments, killAfter: .seconds(20))
        #expect(run.status != 0 && run.errors.contains(words), "\(run.status) \(run.errors)")
    }

    @Test func `a private key that others may read is refused`() async throws {
        let journey = try await Journey()
        _ = try await certificates(journey)
        let key = journey.folder.url.appending(path: "console.key")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key.path)
        let run = try await journey.dr(
            [
                "serve", "--listen", "127.0.0.1:0", "--tls-certificate", "console.pem", "--tls-key", "console.key",
            ], killAfter: .seconds(20))
        #expect(run.status != 0 && run.errors.contains("console.key"), "\(run.errors)")
    }
}
