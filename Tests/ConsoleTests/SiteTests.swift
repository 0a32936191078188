import BackupRepository
import Console
import Foundation
import HTTP
import Lab
import Platform
import Operations
import Platform
import Testing

/// The pages over a real repository.
@Suite struct SiteTests {
    private static let hostile = "<script>alert(1)</script>\".json"

    @Test func `names from outside are escaped on every page and cannot end a header`() async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        try await console.backUp()
        let name = Self.hostile.replacing("/", with: "\u{2215}")
        try console.write(name, "two".utf8)
        try console.write("line\nSet-Cookie: x", "three".utf8)
        let set = try await console.backUp().name
        let pages = ["/", "/sets", "/sets/\(set)", "/sets/\(set)/changes", "/sets/\(set)/tree/files"]
        for page in pages + ["/sets/\(set)/tree/files?search=script"] {
            let response = await console.get(page)
            #expect(response.status == 200, "\(page)")
            #expect(!response.text.contains("<script>alert"), "\(page)")
            #expect(response.text.contains("&lt;script&gt;alert"), "\(page)")
            #expect(response.header("Content-Security-Policy")?.contains("script-src 'self'") == true)
        }
        let path = PercentEncoding.encode(PathText.text(of: Array("line\nSet-Cookie: x".utf8)))
        let response = await console.get("/sets/\(set)/tree/download?path=\(path)")
        #expect(response.status == 200)
        #expect(response.headers.allSatisfy { !$0.value.contains("\n") && $0.name != "Set-Cookie" })
        #expect(response.header("Content-Disposition")?.hasPrefix("attachment; filename=\"line_") == true)
    }

    @Test(arguments: [
        "../../dr.yaml", "/etc/passwd", "..%2f..%2fdr.yaml", "%2e%2e/dr.yaml", "tree/../../dr.yaml", "a/", "a/..", ".",
    ])
    func `a path outside the set is not found`(path: String) async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        let set = try await console.backUp().name
        #expect(await console.get("/sets/\(set)/tree/download?path=\(path)").status == 404)
        #expect(await console.get("/sets/\(set)/tree/files?path=\(path)").status == 404)
        #expect([400, 404].contains(await console.get("/sets/\(set)/\(path)/files").status))
    }

    @Test func `a file and an archive have the content of the set, in pages of one folder`() async throws {
        let console = try await ConsoleFixture()
        let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        try console.write("deep/er/large", large)
        try console.write("deep/same", large)
        try console.write("deep/empty", [])
        try console.write("top", "text".utf8)
        let set = try await console.backUp().name
        let server = try console.serve()
        defer { server.stop() }
        #expect(try await console.fetch("/sets/\(set)/tree/download?path=deep/er/large", from: server).body == large)
        #expect(try await console.fetch("/sets/\(set)/tree/download?path=deep/empty", from: server).body == [])
        let archive = try await console.fetch("/sets/\(set)/tree/download", from: server).body
        let place = try TemporaryFolder("archive")
        try Data(archive).write(to: place.url.appending(path: "a.tar"))
        let listing = try await CommandRun.run("/usr/bin/env", ["tar", "-xf", "a.tar"], in: place.url)
        #expect(listing.status == 0, "\(listing.errors)")
        for (path, content) in [
            ("deep/er/large", large), ("deep/same", large), ("deep/empty", []), ("top", Array("text".utf8)),
        ] {
            #expect(try Data(contentsOf: place.url.appending(path: "tree/\(path)")) == Data(content), "\(path)")
        }
        let page = await console.get("/sets/\(set)/tree/files").text
        #expect(page.contains(">deep/</a>") && page.contains(">top") && !page.contains("large"))
        #expect(await console.get("/sets/\(set)/tree/files?path=deep/").text.contains("er/</a>"))
        let found = await console.get("/sets/\(set)/tree/files?search=LARGE").text
        #expect(found.contains("deep/er/large") && !found.contains(">top<"))
    }

    @Test func `damage breaks the transfer of a file and of an archive`() async throws {
        let console = try await ConsoleFixture()
        var generator = SystemRandomNumberGenerator()
        try console.write("f", (0..<400_000).map { _ in UInt8.random(in: 0...255, using: &generator) })
        let set = try await console.backUp().name
        let packs = console.repository.appending(path: "tree/packs")
        let files = try FileManager.default.subpathsOfDirectory(atPath: packs.path)
            .map { packs.appending(path: $0) }.filter { !$0.hasDirectoryPath && !$0.path.hasSuffix(".json") }
        for file in files {
            guard var content = try? Data(contentsOf: file), content.count > 200_000 else { continue }
            content[content.count / 2] ^= 0xff
            try FileManager.default.removeItem(at: file)
            try content.write(to: file)
        }
        let server = try console.serve()
        defer { server.stop() }
        for target in ["download?path=f", "download"] {
            await #expect(throws: HTTPError.self, "\(target)") {
                try await console.fetch("/sets/\(set)/tree/\(target)", from: server)
            }
        }
    }

    @Test func `a damaged set is listed as unreadable, and its page says so`() async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        let set = try await console.backUp().name
        let file = console.repository.appending(path: "sets/\(set).json")
        try FileManager.default.removeItem(at: file)
        try Data("{}".utf8).write(to: file)
        let other = try await ConsoleFixture.reopened(console)
        #expect(await other.get("/sets").text.contains("Unreadable sets"))
        #expect(await console.get("/sets/\(set)").status == 502)
    }

    @Test func `while the store is away the console shows its last state and the age of it`() async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        let set = try await console.backUp().name
        let place = console.folder.url.appending(path: "away")
        try FileManager.default.moveItem(at: console.repository, to: place)
        await console.state.refresh()
        let page = await console.get("/")
        #expect(page.status == 200)
        #expect(page.text.contains("The store cannot be read. This is its state of"))
        // A console that starts now has the copy of the state folder.
        let late = StackState(console.session)
        await late.refresh()
        #expect(late.snapshot?.overview.newest == set)
        #expect(late.snapshot?.shelf.rows.count == 1)
        #expect(late.failure != nil)
        #expect(await console.get("/healthz").status == 200)
        try FileManager.default.moveItem(at: place, to: console.repository)
        await console.state.refresh()
        #expect(!(await console.get("/").text.contains("The store cannot be read")))
    }

    @Test func `the overview and the list of sets make no request to the store`() async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        try await console.backUp()
        let before = console.requests.counts
        for page in ["/", "/sets", "/sets?tier=hourly", "/api/v1/overview"] {
            #expect(await console.get(page).status == 200, "\(page)")
        }
        #expect(console.requests.after(before) == [])
        // A state that did not change costs the listings only.
        await console.state.refresh()
        let asked = console.requests.after(before)
        #expect(!asked.isEmpty && asked.allSatisfy { $0.hasPrefix("list ") }, "\(asked)")
    }

    @Test func `a new console reads known sets from its copy and not from the store`() async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        let first = try await console.backUp().name
        try await console.session.nextSecond()
        try console.write("f", "two".utf8)
        let second = try await console.backUp().name
        #expect(console.state.snapshot?.shelf.rows.map(\.set.name) == [first, second])
        let late = StackState(console.session)
        #expect(late.snapshot?.shelf.rows.map(\.set.name) == [first, second])
        let before = console.requests.counts
        await late.refresh()
        // The newest set is read for the verdict; the older one is known.
        #expect(!console.requests.after(before).contains("get sets/\(first).json"))
        #expect(late.failure == nil)
    }

    @Test(arguments: ["x=1", "tier=none", "before=now", "tier=daily&tier=hourly"])
    func `a wrong parameter is an error of the visitor`(query: String) async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        try await console.backUp()
        #expect(await console.get("/sets?\(query)").status == 400)
        #expect(await console.get("/api/v1/list?last=\(query)").status == 400)
    }

    private struct Simulated: Decodable {
        struct Day: Decodable { var fullBytes: Int }
        var timeline: [Day]
    }

    @Test func `the simulator starts with the size of the newest complete set`() async throws {
        let console = try await ConsoleFixture()
        try console.write("f", [UInt8](repeating: 1, count: 3_000_000))
        try await console.backUp()
        let page = await console.get("/retention").text
        #expect(page.contains("name=\"size\" value=\"2930KiB\"") && page.contains("newest complete set, before"))
        let other = await console.get("/retention?size=5MiB").text
        #expect(other.contains("value=\"5MiB\"") && other.contains("The newest complete set has 2930KiB."))
        for (query, bytes) in [("", 2930 << 10), ("&size=5MiB", 5 << 20)] {
            let answer = await console.get("/api/v1/retention/simulate?schedule=daily&years=1&growth=0\(query)")
            let simulated = try JSONDecoder().decode(Simulated.self, from: Data(answer.text.utf8))
            #expect(simulated.timeline.first?.fullBytes == bytes)
        }
    }

    @Test func `a stack without a plan is not ready by the API`() async throws {
        let console = try await ConsoleFixture()
        try console.write("f", "one".utf8)
        try await console.backUp()
        let ready = await console.get("/api/v1/ready")
        #expect(ready.status == 404 && !ready.text.contains("green"), "\(ready.text)")
        #expect(ready.text.contains("no plan is configured, run or drilled here"))
    }

    @Test func `the API lists the files that differ between two sets`() async throws {
        let console = try await ConsoleFixture()
        try console.write("stays", "one".utf8)
        try console.write("changes", "one".utf8)
        let older = try await console.backUp().name
        try await console.session.nextSecond()
        try console.write("changes", "three".utf8)
        // More rows than one piece of a stream has room for.
        for number in 0..<1500 { try console.write("new/\(String(repeating: "x", count: 40))\(number)", []) }
        try await console.backUp()
        let server = try console.serve()
        defer { server.stop() }
        let (status, body) = try await console.fetch("/api/v1/diff/\(older)/latest", from: server)
        #expect(status == 200)
        struct Changes: Decodable {
            struct Row: Decodable {
                var component: String
                var change: String
                var path: String
                var size: Int
                var was: Int?
            }
            var changes: [Row]
        }
        let rows = try JSONDecoder().decode(Changes.self, from: Data(body)).changes
        #expect(rows.count { $0.change == "added" && $0.path.hasPrefix("new/x") } == 1500)
        let changed = rows.filter { $0.change == "modified" }
        #expect(changed.map(\.path) == ["changes"] && changed.first?.was == 3 && changed.first?.size == 5)
        #expect(!rows.contains { $0.path == "stays" })
        // Comparisons in both directions at once do not wait for each other.
        try await withThrowingTaskGroup { group in
            for target in ["\(older)/latest", "latest/\(older)", "\(older)/latest", "latest/\(older)"] {
                group.addTask { try await console.fetch("/api/v1/diff/\(target)", from: server).status }
            }
            for try await status in group { #expect(status == 200) }
        }
        let same = try await console.fetch("/api/v1/diff/latest/latest", from: server)
        #expect(try JSONDecoder().decode(Changes.self, from: Data(same.body)).changes.isEmpty)
        #expect(await console.get("/api/v1/diff/20200101T000000Z/latest").status == 404)
        #expect(await console.get("/api/v1/diff/x/latest").status == 404)
    }

    @Test func `the committed description of the API is the one that the console serves`() async throws {
        let file = Checkout.folder.appending(path: "docs/openapi.json")
        if ProcessInfo.processInfo.environment["DR_UPDATE_GOLDEN"] == "1" {
            try Data(OpenAPI.document.utf8).write(to: file)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == OpenAPI.document)
        let schema = try JSONSerialization.jsonObject(
            with: Data(contentsOf: Checkout.folder.appending(path: "docs/output.schema.json")))
        let definitions = try #require((schema as? [String: Any])?["$defs"] as? [String: Any])
        let references = OpenAPI.document.matches(of: /output\.schema\.json#\/\$defs\/([^"]+)/).map { String($0.1) }
        #expect(references.count > 5)
        for name in references { #expect(definitions[name.replacing("%20", with: " ")] != nil, "\(name)") }
    }
}

extension Session {
    /// Waits until the clock shows the next second: two sets cannot have one name.
    fileprivate func nextSecond() async throws {
        let now = now()
        while self.now() == now { try await Task.sleep(for: .milliseconds(20)) }
    }
}

extension ConsoleFixture {
    /// The same stack with a console that knows nothing yet.
    static func reopened(_ console: ConsoleFixture) async throws -> ReopenedConsole {
        try? FileManager.default.removeItem(at: console.folder.url.appending(path: "state/console"))
        let state = StackState(console.session)
        await state.refresh()
        return ReopenedConsole(console, state)
    }
}

/// A second console over one stack.
struct ReopenedConsole {
    let console: ConsoleFixture
    let site: Site

    init(_ console: ConsoleFixture, _ state: StackState) {
        self.console = console
        site = Site(state, VisitorRules(address: .standard))
    }

    func get(_ target: String) async -> WebResponse {
        guard let request = WebRequest(method: "GET", target: target, headers: ["host": "127.0.0.1"]) else {
            return WebResponse(400, text: "")
        }
        return await console.session.pool.run { [site] in site.answer(request) }
    }
}
