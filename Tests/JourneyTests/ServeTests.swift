import Cryptography
import Foundation
import Lab
import Testing

/// `dr serve`, as a browser, a script and an operator use it.
@Suite struct ServeTests {
    private static let token = "0123456789abcdef0123456789abcdef"

    @Test func `browsers, the API's description and signals fit the console`() async throws {
        let journey = try await Journey(extra: "objectives: {rpo: 1h, rto: 4h}")
        try journey.write("deep/<b>file", "one")
        try await journey.expect(0, "backup")
        try await Journey.nextSecond()
        try journey.write("deep/other", "two")
        try await journey.expect(0, "backup")
        // A run that dies in between leaves nothing that a page trips over.
        _ = try await journey.dr(["backup"], killAfter: .milliseconds(150))
        let file = journey.folder.url.appending(path: "token")
        #expect(
            FileManager.default.createFile(
                atPath: file.path, contents: Data("\(Self.token)\n".utf8), attributes: [.posixPermissions: 0o600]))
        let console = try await ServedConsole(journey, "serve", "--token-file", "token")
        let second = try await ServedConsole(journey, "second")
        try await console.waitForState(token: Self.token)
        try await second.waitForState()
        #expect(try await console.get("/api/v1/overview").status == "401")
        #expect(try await console.get("/healthz").body == "ok\n")
        let list = try await second.get("/api/v1/list?last=2").body
        #expect(try await journey.objections(to: Data(list.utf8), schema: "output.schema.json", "list") == "")
        // Oldest first: only the newer one has a set before it.
        let set = try #require(list.matches(of: /"name" : "(\w+)"/).last?.1)

        // The browser and the client of the API use the console at the same time.
        async let look = CommandRun.run(
            try LabTool.path("python"),
            [
                Checkout.folder.appending(path: "Scripts/look-at-console").path, "--token", Self.token, console.address,
                "overview=/", "sets=/sets", "set=/sets/\(set)", "changes=/sets/\(set)/changes",
                "files=/sets/\(set)/tree/files", "runs=/runs", "retention=/retention", "missing=/nowhere",
            ])
        async let fuzz = CommandRun.run(
            try LabTool.path("schemathesis"),
            [
                "run", Checkout.folder.appending(path: "docs/openapi.json").path, "--url", console.address, "--header",
                "Authorization: Bearer \(Self.token)", "--phases", "examples,coverage", "--max-examples", "2", "--seed",
                "1",
                "--generation-database", "none",
            ], in: journey.folder.url)
        let seen = try await look
        #expect(seen.status == 0, "\(seen.output)\(seen.errors)")
        let asked = try await fuzz
        #expect(asked.status == 0, "\(asked.output)\(asked.errors)")

        // Each ends by SIGTERM in time, also while the other one runs.
        try await console.process.stop()
        try await second.process.stop()
    }

    @Test func `files of encrypted sets need a key in the process`() async throws {
        let journey = try await Journey(initialize: false)
        try await journey.expect(0, "init", "--recovery-key", "recovery.pem")
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing("repository\"}", with: "repository\", recipients: [recovery.pem.crt]}")
        try Data(text.utf8).write(to: file)
        try journey.write("secret", "SECRETWORD")
        try await journey.expect(0, "backup")
        let closed = try await ServedConsole(journey)
        try await closed.waitForState()
        let set = try #require(try await closed.get("/api/v1/list").body.firstMatch(of: /"name" : "(\w+)"/)?.1)
        for query in ["?path=secret", ""] {
            let refused = try await closed.get("/sets/\(set)/tree/download\(query)")
            #expect(refused.status == "403" && refused.body.contains("--recovery-key"))
        }
        let open = try await ServedConsole(journey, "open", "--recovery-key", "recovery.pem")
        try await open.waitForState()
        #expect(try await open.get("/sets/\(set)/tree/download?path=secret").body == "SECRETWORD")
    }

    @Test func `another address than loopback needs a token`() async throws {
        let journey = try await Journey()
        let refused = try await journey.expect(2, "serve", "--listen", "0.0.0.0:0")
        #expect(refused.errors.contains("--token-file"))
        try Data("short".utf8).write(to: journey.folder.url.appending(path: "token"))
        let short = try await journey.dr(["serve", "--token-file", "token"])
        #expect(short.status == 2)
    }

    @Test func `ten thousand sets fit into little memory`() async throws {
        let journey = try await Journey()
        try journey.write("f", "one")
        try await journey.expect(0, "backup")
        let sets = journey.repository.appending(path: "sets")
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: sets.path).first { $0.hasSuffix(".json") })
        try Self.multiply(sets.appending(path: name), by: 10_000)
        let console = try await ServedConsole(journey)
        try await console.waitForState()
        #expect(try await console.get("/api/v1/overview").body.contains("\"sets\" : 10001"))
        for page in ["/", "/sets", "/api/v1/list?last=500", "/api/v1/stats"] {
            #expect(try await console.get(page).status == "200", "\(page)")
        }
        let status = try String(contentsOfFile: "/proc/\(console.process.processIdentifier)/status", encoding: .utf8)
        // The pages of the program itself come from its file and are shared; the debug build has far more of them.
        let anonymous = try #require(status.firstMatch(of: /RssAnon:\s+(\d+) kB/).flatMap { Int($0.1) })
        #expect(anonymous < 44 << 10, "\(status)")
    }

    /// Writes copies of a set, an hour apart, with the seal of the format.
    private static func multiply(_ file: URL, by count: Int) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        let body = String(text.dropLast(79))
        let name = file.deletingPathExtension().lastPathComponent
        let run = try #require(body.firstMatch(of: /"run":"([0-9a-f]+)"/)?.1)
        let formatter = DateFormatter()
        formatter.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.locale = Locale(identifier: "en_US_POSIX")
        let start = try #require(formatter.date(from: name))
        // The places of the name and the run, found once: ten thousand searches would take most of the test's time.
        let template = Array(
            body.replacing("\"name\":\"\(name)\"", with: "\"name\":\"\u{1}\"")
                .replacing("\"started\":\"\(name)\"", with: "\"started\":\"\u{1}\"")
                .replacing(run, with: "\u{2}").utf8)
        let parts = template.split(omittingEmptySubsequences: false) { $0 == 1 || $0 == 2 }.map { Array($0) }
        let marks = template.filter { $0 == 1 || $0 == 2 }
        for number in 1...count {
            let other = Array(formatter.string(from: start - Double(number) * 3600).utf8)
            let id = Array((String(repeating: "0", count: 24) + String(10_000_000 + number)).utf8)
            var copy = parts[0]
            for (mark, part) in zip(marks, parts.dropFirst()) { copy += (mark == 1 ? other : id) + part }
            let seal = ",\n\"sha256\":\"\(Digest(of: copy).hex)\"}\n"
            let place = file.deletingLastPathComponent().appending(
                path: "\(String(decoding: other, as: UTF8.self)).json")
            try Data(copy + Array(seal.utf8)).write(to: place)
        }
    }
}
