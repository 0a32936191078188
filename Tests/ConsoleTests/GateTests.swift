import Console
import Operations
import Platform
import Testing

/// Visitors with and without a token.
@Suite struct GateTests {
    private static let token = "a-token-of-24-characters"

    @Test(
        arguments: [
            (nil, 401), ("Bearer wrong", 401), ("Bearer \(token)x", 401), ("Bearer", 401), ("Basic \(token)", 401),
            ("Bearer \(token)", 503), ("bearer \(token)", 503),
        ] as [(String?, Int)])
    func `a page and the API need the token`(header: String?, status: Int) async throws {
        // The console has no state yet: 503 is the answer to an admitted visitor.
        let console = try await ConsoleFixture(token: Self.token)
        let headers = header.map { ["authorization": $0] } ?? [:]
        for target in ["/", "/sets", "/api/v1/overview"] {
            #expect(await console.get(target, headers: headers).status == status, "\(target)")
        }
        #expect(await console.get("/nowhere", headers: headers).status == (status == 401 ? 401 : 404))
        let health = await console.get("/healthz", headers: headers)
        #expect(health.status == 200 && health.text == "ok\n")
    }

    @Test func `a browser signs in with the token and signs out again`() async throws {
        let console = try await ConsoleFixture(token: Self.token)
        let visitor = ["accept": "text/html"]
        #expect(await console.get("/", headers: visitor).header("Location") == "/sign-in")
        let form = await console.get("/sign-in", headers: visitor)
        #expect(form.status == 200 && !form.text.contains("stack"))
        #expect(await console.get("/sign-in", method: "POST", body: "token=wrong").status == 403)
        let response = await console.get("/sign-in", method: "POST", body: "token=\(Self.token)")
        let cookie = try #require(response.header("Set-Cookie"))
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains(Self.token))
        let signedIn = ["cookie": String(cookie.prefix { $0 != ";" }), "accept": "text/html"]
        #expect(await console.get("/", headers: signedIn).status == 503)
        #expect(await console.get("/sign-out", method: "POST", headers: signedIn).status == 303)
        #expect(await console.get("/", headers: signedIn).header("Location") == "/sign-in")
        #expect(await console.get("/", headers: ["cookie": "dr-session=", "accept": "text/html"]).status == 303)
    }

    @Test func `a form from another site does not sign in`() async throws {
        let console = try await ConsoleFixture(token: Self.token)
        for headers in [["sec-fetch-site": "cross-site"], ["origin": "https://other.example"]] {
            let response = await console.get(
                "/sign-in", method: "POST", headers: headers, body: "token=\(Self.token)")
            #expect(response.status == 403 && response.header("Set-Cookie") == nil)
        }
    }

    @Test(arguments: [
        ("localhost", 503), ("127.0.0.1:9419", 503), ("[::1]:9419", 503), ("other.example", 421),
        ("localhost.other.example:9419", 421), ("", 421),
        ("[::1].other.example", 421), ("[::1]other", 421), ("localhost:80:other", 421), ("localhost:other", 421),
    ])
    func `a loopback console without a token serves only its own names`(host: String, status: Int) async throws {
        let console = try await ConsoleFixture()
        #expect(await console.get("/", headers: ["host": host]).status == status)
    }

    @Test(arguments: [
        ("/", "cross-site", "no-cors", "image", 403), ("/", "cross-site", "navigate", "iframe", 403),
        ("/retention/picture.svg?years=10", "cross-site", "no-cors", "image", 403),
        ("/", "cross-site", "navigate", "document", 503), ("/", "same-origin", "cors", "empty", 503),
        ("/", "none", "navigate", "document", 503), ("/healthz", "cross-site", "no-cors", "image", 200),
        ("/assets/console.css", "cross-site", "no-cors", "style", 200),
    ])
    func `a page of another site cannot load pages of the console`(
        target: String, site: String, mode: String, destination: String, status: Int
    ) async throws {
        let console = try await ConsoleFixture()
        let headers = ["sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": destination]
        #expect(await console.get(target, headers: headers).status == status)
    }

    @Test func `a wrong bearer token is refused after a pause`() async throws {
        let console = try await ConsoleFixture(token: Self.token)
        let start = ContinuousClock.now
        #expect(await console.get("/", headers: ["authorization": "Bearer wrong"]).status == 401)
        #expect(.now - start >= .milliseconds(500))
    }

    @Test(
        arguments: [
            ("127.0.0.1:1", nil, false, true), ("[::1]:1", nil, false, true), ("0.0.0.0:1", nil, false, false),
            ("0.0.0.0:1", token, false, true), ("[::]:1", nil, true, true), ("127.0.0.1:1", "short", false, false),
        ] as [(String, String?, Bool, Bool)])
    func `an address that others reach needs a token or certificates`(
        address: String, token: String?, hasCertificates: Bool, isAccepted: Bool
    ) throws {
        let rules = VisitorRules(
            address: try #require(ListenAddress(address)), token: token.map { Array($0.utf8) },
            acceptsCertificates: hasCertificates)
        if isAccepted { try rules.check() } else { #expect(throws: UsageError.self) { try rules.check() } }
    }

    @Test func `a form, a method and an address that do not fit are refused`() async throws {
        let console = try await ConsoleFixture()
        let wrong = await console.get("/sets", method: "POST")
        #expect(wrong.status == 405)
        #expect(await console.get("/nowhere").status == 404)
        #expect(await console.get("/api/v1/nowhere").text.contains("\"status\" : 404"))
    }
}
