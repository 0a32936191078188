import Operations
import Platform
import Testing

@testable import Console

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

    @Test func `too many wrong tokens get 429 at once, and the right token still works`() async throws {
        let console = try await ConsoleFixture(token: Self.token)
        let wrong = ["authorization": "Bearer wrong"]
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<WrongTokens.most { group.addTask { await console.get("/", headers: wrong).status } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.allSatisfy { $0 == 401 })
        var refused = await console.get("/api/v1/overview", headers: wrong)
        // A pause takes at least 500 ms. A busy machine may delay some answers by as much, but not all.
        var quickest = Duration.seconds(600)
        for _ in 0..<20 where quickest >= .milliseconds(400) {
            let start = ContinuousClock.now
            refused = await console.get("/api/v1/overview", headers: wrong)
            quickest = min(quickest, .now - start)
        }
        #expect(refused.status == 429 && quickest < .milliseconds(400))
        let seconds = try #require(refused.header("Retry-After").flatMap { Int($0) })
        #expect((1...60).contains(seconds))
        let form = await console.get("/sign-in", method: "POST", body: "token=wrong")
        #expect(form.status == 429 && form.text.contains("Too many wrong tokens"))
        #expect(form.header("Retry-After") != nil)
        // A visitor behind the same proxy has the right token, and one elsewhere has a wrong one.
        #expect(await console.get("/", headers: ["authorization": "Bearer \(Self.token)"]).status == 503)
        let signedIn = await console.get("/sign-in", method: "POST", body: "token=\(Self.token)")
        #expect(signedIn.status == 303 && signedIn.header("Set-Cookie") != nil)
        #expect(await console.get("/", headers: wrong, network: [192, 0, 2, 1]).status == 401)
        // A visitor without a token has not guessed.
        #expect(await console.get("/").status == 401)
    }

    @Test func `the table of wrong tokens is bounded, keeps the worst and forgets after a minute`() {
        let table = WrongTokens()
        let start = ContinuousClock.now
        let guesser: [UInt8] = [192, 0, 2, 1]
        for _ in 0..<WrongTokens.most { #expect(table.add(from: guesser, now: start) == nil) }
        #expect(table.add(from: guesser, now: start) == 60)
        for number in 0..<(WrongTokens.mostNetworks * 3) {
            _ = table.add(from: [10, UInt8(number >> 8), UInt8(number & 255), 1], now: start + .seconds(1))
        }
        #expect(table.networks == WrongTokens.mostNetworks)
        #expect(table.add(from: guesser, now: start + .seconds(30)) == 30)
        #expect(table.add(from: guesser, now: start + WrongTokens.period) == nil)
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
