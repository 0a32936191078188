import BackupRepository
import FileTree
import Foundation
import Glibc
import HTTP
import ObjectStorage
import Platform
import RecoveryPlan
import StackConfiguration
import Synchronization
import Testing

@testable import Console
@testable import Operations

/// The pages of recoveries and drills, and the live page, on a state folder and a store of their own.
@Suite struct RunPagesTests {
    /// One machine with its console, and the run that a test writes.
    private final class Machine {
        let folder: URL
        let session: Session
        let site: Site
        var number = 0

        /// - Parameter store: the store of another machine; nil for a new one.
        init(store: URL? = nil) throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "console-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let place = store ?? folder.appending(path: "store")
            let text = """
                stack: lab
                store: {url: "file://\(place.path)"}
                state: \(folder.path)/state
                retention: {hourly: 24h, daily: 30d}
                components: {tree: {kind: files, data: \(folder.path)/data}}

                """
            let file = folder.appending(path: "dr.yaml")
            try Data(text.utf8).write(to: file)
            var options = OutputOptions()
            options.quiet = true
            session = try Session(options, configuration: file.path, kinds: [FilesComponent.self])
            if store == nil {
                let made = try StoreFactory.make(session.configuration.store, create: true, logger: session.logger)
                _ = try Repository.create(in: made, tool: "dr test", now: session.now())
            }
            site = Site(StackState(session), VisitorRules(address: ListenAddress(host: "127.0.0.1", port: 0)))
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        var store: URL { folder.appending(path: "store") }

        /// Begins a run of three steps.
        func run(
            scenario: String = "loss", stack: String = "lab", steps: [String] = ["stop", "tree", "check"],
            isDrill: Bool = false,
            rto: Double? = 600, process: Int = Int(getpid()),
            observer: @escaping @Sendable (JournalLine) -> Void = { _ in }
        ) throws -> (id: String, journal: Journal) {
            number += 1
            let id = "20261129T22000\(number)Z-\(number)"
            var record = RunRecord(
                identity: RunIdentity(id: id, stack: stack, scenario: scenario, set: "20261129T100000Z"),
                isDrill: isDrill, procedure: nil, planDigest: "p", parameters: ["password": "hidden-value"],
                setDigest: "s", components: ["tree"], tool: "dr test",
                holder: RunHolder(
                    person: "ann", host: RunHolder.current.host, process: process, boot: MonotonicClock.boot),
                startedAt: Date())
            record.steps = steps
            record.needs = Dictionary(
                steps.enumerated().map { ($1, $0 > 0 ? [steps[$0 - 1]] : []) }
            ) { first, _ in first }
            record.rto = rto
            record.forecast = RunForecast(
                StepGraph([]),
                Dictionary(
                    steps.map { ($0, TimeForecast(expected: 60, low: 50, high: 90, samples: 3, basis: .interval)) }
                ) { first, _ in first })
            let journal = try Journal(creating: RunFolder(state: session.stateRoot).make(id), observer: observer)
            try journal.append(.runBegan(run: record))
            return (id, journal)
        }

        func get(_ target: String, headers: [String: String] = [:]) throws -> (
            status: Int, text: String, response: WebResponse
        ) {
            let all = headers.merging(["host": "127.0.0.1"]) { own, _ in own }
            let request = try #require(WebRequest(method: "GET", target: target, headers: all))
            let response = site.answer(request)
            guard case .bytes(let bytes) = response.body else { return (response.status, "", response) }
            return (response.status, String(decoding: bytes, as: UTF8.self), response)
        }
    }

    private static func done(_ step: String) -> JournalEvent {
        .stepFinished(result: StepResult(step: step, attempt: 1, outcome: .done, seconds: 1))
    }

    @Test func `the page of a run shows its graph, what it waits for, its critical path and its burn-down`() throws {
        let machine = try Machine()
        let (id, journal) = try machine.run()
        try journal.append(.stepBegan(attempt: StepAttempt(step: "stop", attempt: 1)))
        try journal.append(Self.done("stop"))
        try journal.append(.stepBegan(attempt: StepAttempt(step: "tree", attempt: 1, about: "restore the tree")))
        let (status, page, _) = try machine.get("/runs/\(id)")
        #expect(status == 200)
        for text in [
            "data-events=\"/runs/\(id)/events\"", "class=\"graph\"", "waits for tree", "tree → check",
            "left of 10m 0s", "class=\"burn\"", "restore the tree", "ann on",
            "<noscript><meta http-equiv=\"refresh\"", "/assets/run.js",
        ] { #expect(page.contains(text), "\(text)") }
        #expect(!page.contains("hidden-value"))
        let (_, list, _) = try machine.get("/runs")
        #expect(list.contains("/runs/\(id)") && list.contains("Recovery of loss") && list.contains("1 of 3 steps done"))
    }

    @Test func `an ended run is not live, and is in the history with its verdict and the forecast band`() throws {
        let machine = try Machine()
        for verdict in [RunEnd.Verdict.recovered, .failed] {
            let (_, journal) = try machine.run()
            if verdict.isValidated { try journal.append(.reached(milestone: .validated)) }
            try journal.append(.runFinished(end: RunEnd(verdict, reasons: verdict.isValidated ? [] : ["disk full"])))
        }
        let (_, page, _) = try machine.get("/runs/20261129T220002Z-2")
        #expect(page.contains("disk full") && !page.contains("data-events") && !page.contains("noscript"))
        let (_, list, _) = try machine.get("/runs")
        #expect(list.contains("No recovery and no drill is running"))
        #expect(list.contains(">failed<") && list.contains("disk full"))
        #expect(list.contains("class=\"chart\"") && list.contains("Recoveries of loss"))
    }

    @Test func `runs of another stack in the same state folder are not shown, served or used for forecasts`()
        async throws
    {
        let machine = try Machine()
        let (own, ownJournal) = try machine.run()
        let (other, journal) = try machine.run(scenario: "foreign", stack: "shop")
        for journal in [ownJournal, journal] {
            try journal.append(.stepBegan(attempt: StepAttempt(step: "stop", attempt: 1)))
            try journal.append(Self.done("stop"))
            try journal.append(.reached(milestone: .validated))
            try journal.append(.runFinished(end: RunEnd(.recovered, reasons: [])))
        }
        let list = try machine.get("/runs").text
        #expect(list.contains(own) && !list.contains(other) && !list.contains("foreign"))
        #expect(try machine.get("/runs/\(other)").status == 404)
        #expect(try machine.get("/runs/\(own)/files/journal.jsonl").status == 200)
        #expect(try machine.get("/runs/\(other)/files/journal.jsonl").status == 404)
        #expect(await machine.session.stepTimes().keys.sorted() == ["loss"])
        #expect(await machine.session.journals(of: "foreign").isEmpty)
    }

    @Test func `a run under way is not in the history`() throws {
        let machine = try Machine()
        let (_, journal) = try machine.run()
        #expect(try machine.get("/runs").text.contains("Under way"))
        #expect(try !machine.get("/runs").text.contains("not finished"))
        try journal.append(.runFinished(end: RunEnd(.failed, reasons: ["x"])))
        #expect(try machine.get("/runs").text.contains(">failed<"))
    }

    @Test func `a copy of a drill has the verdict of its evidence, and its control run is not a recovery`() throws {
        let machine = try Machine()
        let (id, journal) = try machine.run(isDrill: true)
        try journal.append(.runFinished(end: RunEnd(.recovered, reasons: [])))
        let path = RunFolder(reading: machine.session.stateRoot).journal(of: id)
        var run = try #require(JournalGlance([UInt8](Data(contentsOf: URL(filePath: path))))?.run)
        func badge(_ run: WatchedRun) -> String {
            RunWords.badge(LiveRuns.Entry(run: run, source: .store, news: .ended)).word
        }
        #expect(badge(run) == "restored, verdict not known here")
        run.verdict = "inconclusive"
        #expect(badge(run) == "inconclusive")
        run.isControl = true
        #expect(badge(run) == "control run ended")
        #expect(RunWords.title(run) == "Negative control of the drill of loss")
        let copy = try #require(WatchedRun(document: run.document()))
        #expect(copy.isControl == true && copy.verdict == "inconclusive")
    }

    @Test func `names and messages of a hostile plan are text on every page`() throws {
        let machine = try Machine()
        let hostile = "<script>alert(1)</script>\"'&"
        let (id, journal) = try machine.run(scenario: hostile, steps: [hostile, "b\u{202E}\u{0}"])
        try journal.append(.stepBegan(attempt: StepAttempt(step: hostile, attempt: 1, about: hostile)))
        try journal.append(
            .stepFinished(
                result: StepResult(step: hostile, attempt: 1, outcome: .failed, seconds: 1, error: hostile)))
        try journal.append(.noted(text: hostile))
        try journal.append(.runFinished(end: RunEnd(.failed, reasons: [hostile])))
        for path in ["/runs/\(id)", "/runs"] {
            let (status, page, response) = try machine.get(path)
            #expect(status == 200)
            #expect(!page.contains("<script>alert"))
            #expect(page.contains("&lt;script&gt;"))
            #expect(
                response.headers.contains {
                    $0.name == "Content-Security-Policy" && $0.value.contains("script-src 'self'")
                })
        }
    }

    @Test func `a journal that is cut, empty or altered still has a page or is not found`() throws {
        let machine = try Machine()
        let (id, journal) = try machine.run()
        try journal.append(.stepBegan(attempt: StepAttempt(step: "stop", attempt: 1)))
        let path = RunFolder(reading: machine.session.stateRoot).journal(of: id)
        let bytes = try Data(contentsOf: URL(filePath: path))
        for length in [0, 10, bytes.count / 2, bytes.count - 1, bytes.count] {
            try bytes.prefix(length).write(to: URL(filePath: path))
            #expect([200, 404].contains(try machine.get("/runs/\(id)").status))
            #expect(try machine.get("/runs").status == 200)
        }
        try Data(String(decoding: bytes, as: UTF8.self).replacing("\"stop\"", with: "\"halt\"").utf8)
            .write(to: URL(filePath: path))
        #expect(try machine.get("/runs").status == 200)
        #expect(try machine.get("/runs/\(id)").status == 404)
    }

    @Test func `a run that was killed says so`() throws {
        let machine = try Machine()
        let child = Process()
        child.executableURL = URL(filePath: "/bin/true")
        try child.run()
        child.waitUntilExit()
        let (id, journal) = try machine.run(process: Int(child.processIdentifier))
        try journal.append(.stepBegan(attempt: StepAttempt(step: "stop", attempt: 1)))
        let (_, page, _) = try machine.get("/runs/\(id)")
        #expect(page.contains("it was killed") && page.contains("--resume \(id)"))
        #expect(try machine.get("/runs").text.contains("No recovery and no drill is running"))
    }

    // MARK: Evidence

    @Test func `a report is served in a sandbox, and nothing else of the folder is`() throws {
        let machine = try Machine()
        let (id, journal) = try machine.run()
        try journal.append(.runFinished(end: RunEnd(.failed, reasons: [])))
        let folder = "\(machine.session.stateRoot)/runs/\(id)"
        try Data("<script>1</script>".utf8).write(to: URL(filePath: "\(folder)/report.html"))
        try Data("secret".utf8).write(to: URL(filePath: "\(folder)/key.pem"))
        symlink("/etc/passwd", "\(folder)/report.json")
        #expect(try machine.get("/runs/\(id)").text.contains("/runs/\(id)/files/report.html"))
        let report = try machine.get("/runs/\(id)/files/report.html")
        #expect(report.status == 200)
        let policies = report.response.headers.filter { $0.name == "Content-Security-Policy" }.map(\.value)
        #expect(policies.count == 1 && policies[0].hasPrefix("sandbox; default-src 'none'"))
        for file in ["key.pem", "report.json", "live.json", "report.none", "..%2f..%2fdr.yaml", "report.%2f"] {
            #expect([400, 404].contains(try machine.get("/runs/\(id)/files/\(file)").status), "\(file)")
        }
        #expect(try machine.get("/runs/..x/files/journal.jsonl").status == 404)
    }

    // MARK: Live

    /// Reads the events of a run until `condition` holds for what arrived.
    private static func events(
        of server: WebServer, _ path: String, lastID: String? = nil, until condition: @Sendable (String) -> Bool
    ) throws -> String {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = server.address.port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        let known = lastID.map { "Last-Event-ID: \($0)\r\n" } ?? ""
        let request = "GET \(path) HTTP/1.1\r\nHost: \(server.address)\r\nAccept: text/event-stream\r\n\(known)\r\n"
        _ = request.withCString { send(socket, $0, strlen($0), 0) }
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !condition(text) {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return text + "[ended]" }
            text += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
        return text
    }

    private func server(_ site: Site) throws -> WebServer {
        var settings = WebServer.Settings()
        settings.address = ListenAddress(host: "127.0.0.1", port: 0)
        return try WebServer(settings, answer: site.answer)
    }

    @Test func `a second machine follows a run live through the store, and picks up after a lost connection`()
        async throws
    {
        let first = try Machine()
        let second = try Machine(store: first.store)
        let repository = try await first.session.repository()
        let follower = RunFollower(nil, progress: RestoreProgress())
        let (id, journal) = try first.run(observer: { follower.observe($0) })
        var pace = LiveMirror.Pace()
        pace.least = .milliseconds(50)
        let mirror = LiveMirror(follower, folder: nil, pace: pace, send: LiveMirror.sender(to: repository, tool: "t"))
        let server = try server(second.site)
        defer { server.stop() }
        let threads = BlockingPool(threads: 2)
        try await mirror.during {
            try journal.append(.stepBegan(attempt: StepAttempt(step: "stop", attempt: 1)))
            // The store is read in the background: the first visit may be too early.
            for _ in 0..<100 where try second.get("/runs/\(id)").status != 200 {
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(try second.get("/runs/\(id)").text.contains("From the copy in the store"))
            let one = try await threads.run {
                try Self.events(of: server, "/runs/\(id)/events") { $0.contains("0 of 3 steps done; now stop") }
            }
            #expect(one.contains("text/event-stream") && one.contains("event: state") && one.contains("retry: "))
            let last = one.matches(of: #/id: ([0-9a-f]+)/#).last.map { String($0.1) }
            // The connection is lost here. The client comes back with the id of its last event.
            try journal.append(Self.done("stop"))
            let two = try await threads.run {
                try Self.events(of: server, "/runs/\(id)/events", lastID: last) { $0.contains("1 of 3 steps done") }
            }
            #expect(two.contains("event: state"))
            try journal.append(.runFinished(end: RunEnd(.recovered, reasons: [])))
        }
        let three = try await threads.run {
            try Self.events(of: server, "/runs/\(id)/events") { $0.contains("event: end") }
        }
        #expect(three.contains("recovered"))
    }

    @Test func `there are no more live pages than the console has room for, and a viewer who leaves makes room`()
        async throws
    {
        let machine = try Machine()
        let (id, _) = try machine.run()
        for _ in 0..<ConsoleRuns.mostViewers { #expect(machine.site.runs.admit()) }
        let refused = try machine.get("/runs/\(id)/events")
        #expect(refused.status == 503)
        // The page itself is shown all the same, and reloads itself.
        #expect(try machine.get("/runs/\(id)").status == 200)
        machine.site.runs.leave()
        // A response whose body is never read leaves too.
        for _ in 0..<3 { #expect(try machine.get("/runs/\(id)/events").status == 200) }
    }

    @Test func `viewers of a run share one rendering`() async throws {
        let machine = try Machine()
        let (id, journal) = try machine.run()
        try journal.append(.stepBegan(attempt: StepAttempt(step: "stop", attempt: 1)))
        let states = RunStates(life: .seconds(3600))
        let live = machine.site.runs.live
        let pool = BlockingPool(threads: 8)
        let ids = try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { try await pool.run { try states.state(of: id) { live.entry(id) }?.id } }
            }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(ids.count == 1 && !ids.contains(nil) && states.renderings == 1)
        // The table is bounded.
        for number in 0..<40 { _ = try states.state(of: "other-\(number)") { live.entry(id) } }
        #expect(states.kept <= RunStates.most)
        let short = RunStates(life: .zero)
        _ = try short.state(of: id) { live.entry(id) }
        #expect(try short.state(of: "none") { live.entry("none") } == nil)
    }

    @Test func `six viewers of a live page cost as many renderings as one`() async throws {
        let machine = try Machine()
        let (id, _) = try machine.run()
        let server = try server(machine.site)
        let threads = BlockingPool(threads: 6)
        let start = ContinuousClock.now
        try await withThrowingTaskGroup { group in
            for _ in 0..<6 {
                group.addTask {
                    try await threads.run {
                        // The elapsed time changes the state each second.
                        _ = try Self.events(of: server, "/runs/\(id)/events") {
                            $0.matches(of: /event: state/).count == 4
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        server.stop()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        // Each of the six has seen four.
        #expect(Double(machine.site.runs.states.renderings) <= seconds / 0.9 + 2)
    }

    @Test func `a copy of a run is decoded once for each change, however many viewers ask`() async throws {
        let machine = try Machine()
        let (id, journal) = try machine.run()
        try journal.append(.stepBegan(attempt: StepAttempt(step: "stop", attempt: 1)))
        let live = machine.site.runs.live
        var run = try #require(live.entry(id)).run
        let file = URL(filePath: "\(machine.session.stateRoot)/runs/\(id)/\(LiveMirror.fileName)")
        run.transfers = [WatchedTransfer(component: "tree", phase: "copy")]
        run.heardAt = Date().timeIntervalSince1970
        try Data(run.document()).write(to: file)
        for _ in 0..<5 { #expect(live.entry(id)?.run.transfers.count == 1) }
        #expect(live.decodedDocuments == 1)
        run.transfers = []
        try Data(run.document()).write(to: file)
        for _ in 0..<5 { #expect(live.entry(id)?.run.transfers.isEmpty == true) }
        #expect(live.decodedDocuments == 2)

        let other = try Machine(store: machine.store)
        let send = LiveMirror.sender(to: try await machine.session.repository(), tool: "t")
        var stored = run
        for number in 1...2 {
            stored.checksPassed = number
            let document = String(decoding: try stored.document(), as: UTF8.self)
            try send(id, document, document)
            for _ in 0..<3 {
                await other.site.runs.live.readStoreNow()
                #expect(other.site.runs.live.entry(id)?.run.checksPassed == number)
            }
            #expect(other.site.runs.live.decodedDocuments == number)
        }
    }

    @Test func `the server's end ends live pages`() async throws {
        let machine = try Machine()
        let (id, _) = try machine.run()
        let server = try server(machine.site)
        let threads = BlockingPool(threads: 1)
        let hasBegun = Mutex(false)
        let reading = Task {
            try await threads.run {
                try Self.events(of: server, "/runs/\(id)/events") { text in
                    hasBegun.withLock { $0 = text.contains("event: state") }
                    return false
                }
            }
        }
        for _ in 0..<3000 where !hasBegun.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(20)) }
        server.stop()
        let text = try await reading.value
        #expect(text.contains("event: state") && text.hasSuffix("[ended]"))
    }

    @Test(arguments: ["none", "%2e%2e", "a%2fb", "x%00"])
    func `a run that does not exist has no page and no events`(name: String) throws {
        let machine = try Machine()
        for path in ["/runs/\(name)", "/runs/\(name)/events", "/runs/\(name)/files/journal.jsonl"] {
            guard let request = WebRequest(method: "GET", target: path, headers: ["host": "127.0.0.1"]) else {
                continue
            }
            #expect(machine.site.answer(request).status == 404)
        }
    }

    // MARK: The API

    private static func document(_ machine: Machine, _ path: String) throws -> [String: Any] {
        let (status, text, _) = try machine.get(path)
        #expect(status == 200, "\(path): \(text)")
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    /// Compares the members of a document with its schema, through objects and arrays.
    private static func expectFits(_ value: Any, _ schema: [String: Any], at place: String) throws {
        if let items = schema["items"] as? [String: Any], let values = value as? [Any] {
            for value in values { try expectFits(value, items, at: "\(place)[]") }
        }
        guard let properties = schema["properties"] as? [String: Any] else { return }
        let members = try #require(value as? [String: Any], "\(place)")
        #expect(Set(members.keys).subtracting(properties.keys) == [], "\(place)")
        #expect(Set(schema["required"] as? [String] ?? []).subtracting(members.keys) == [], "\(place)")
        for (name, member) in members {
            try expectFits(member, try #require(properties[name] as? [String: Any]), at: "\(place).\(name)")
        }
    }

    @Test func `the API has the runs as its description says`() throws {
        let machine = try Machine()
        let (running, first) = try machine.run()
        try first.append(.stepBegan(attempt: StepAttempt(step: "stop", attempt: 1)))
        let (ended, second) = try machine.run(isDrill: true)
        try second.append(Self.done("stop"))
        try second.append(.runFinished(end: RunEnd(.late, reasons: ["RTO exceeded"])))
        let (died, _) = try machine.run(process: 1 << 22)
        let description = try #require(
            try JSONSerialization.jsonObject(with: Data(OpenAPI.document.utf8)) as? [String: Any])
        let schemas = try #require((description["components"] as? [String: Any])?["schemas"] as? [String: Any])

        let list = try Self.document(machine, "/api/v1/runs")
        try Self.expectFits(list, try #require(schemas["runs"] as? [String: Any]), at: "runs")
        let rows = try #require(list["runs"] as? [[String: Any]])
        #expect(Set(rows.compactMap { $0["id"] as? String }) == [running, ended, died] && rows.count == 3)
        let states = Dictionary(uniqueKeysWithValues: rows.map { ($0["id"] as? String, $0["state"] as? String) })
        #expect(states[running] == "running" && states[ended] == "ended" && states[died] == "died")
        let row = try #require(rows.first { $0["id"] as? String == ended })
        #expect(row["verdict"] as? String == "late" && row["isDrill"] as? Bool == true)
        #expect((try Self.document(machine, "/api/v1/runs?last=1")["runs"] as? [Any])?.count == 1)
        #expect(try machine.get("/api/v1/runs?last=0").status == 400)

        for id in [running, ended, died] {
            let run = try Self.document(machine, "/api/v1/runs/\(id)")
            try Self.expectFits(run, try #require(schemas["run"] as? [String: Any]), at: id)
            #expect(run["state"] as? String == states[id])
            #expect(run["files"] as? [String] == ["journal.jsonl"])
        }
        #expect(try machine.get("/api/v1/runs/none").status == 404)
    }

    @Test func `the API simulates the configured policy and the given rules`() throws {
        let machine = try Machine()
        let configured = try Self.document(machine, "/api/v1/retention/simulate?schedule=daily&years=1")
        #expect(configured["policy"] as? String == "hourly 24h, daily 30d, zone UTC")
        #expect(configured["schedule"] as? String == "every 1d")
        let other = try Self.document(
            machine, "/api/v1/retention/simulate?hourly=0&daily=7&keep_last=3&schedule=daily&years=1")
        #expect(other["kept"] as? Int == 7)
        for query in [
            "daily=121", "daily=x", "schedule=yearly", "days=1", "daily=7&daily=8", "size=20", "size=0GiB", "size=1PiB",
        ] {
            #expect(try machine.get("/api/v1/retention/simulate?\(query)").status == 400, "\(query)")
        }
        let none = RetentionSimulator.rules.map { "\($0.name)=0" }.joined(separator: "&")
        #expect(try machine.get("/api/v1/retention/simulate?\(none)").status == 404)
    }

    @Test func `the API lists the plans`() throws {
        let plans = try Self.document(try Machine(), "/api/v1/plan/list")["plans"] as? [[String: Any]]
        #expect(plans?.contains { $0["scenario"] as? String == "complete_cluster_loss" } == true)
    }

    // MARK: Retention

    @Test func `the retention page shows the policy, and the simulator takes values within its bounds only`()
        async throws
    {
        let machine = try Machine()
        for _ in 0..<100 where try machine.get("/retention").text.contains("being made") {
            try await Task.sleep(for: .milliseconds(100))
        }
        let (status, page, _) = try machine.get("/retention")
        #expect(status == 200)
        for text in [
            "hourly 24h, daily 30d", "A dry run of a prune", "What goes next", "name=\"hourly\"", "value=\"24\"",
            // As in `dr retention simulate`.
            "name=\"growth\" min=\"0\" max=\"50\" value=\"0\"",
            "value=\"20GiB\"", "No set is known yet", "a month in the currency of the price",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        let (_, result, _) = try machine.get(
            "/retention/simulation?hourly=999999999999&daily=x&years=1&price=-5&schedule=%3Cb%3E")
        #expect(
            result.contains("hourly 168h") && result.contains("daily 30d")
                && result.contains("/retention/picture.svg?hourly=168&"))
        // The chart has the colours of the page, which differ in the dark.
        #expect(result.contains("<svg") && result.contains("var(--chart-1)") && !result.contains("#fff"))
        #expect(try machine.get("/retention/picture.svg?hourly=24&years=1").text.contains("<svg"))
        let none = RetentionSimulator.rules.map { "\($0.name)=0" }.joined(separator: "&")
        #expect(try machine.get("/retention/simulation?\(none)").text.contains("keeps everything"))
    }

    @Test func `the retention page stays while the store is away, and says how old it is`() async throws {
        let machine = try Machine()
        try FileManager.default.moveItem(at: machine.store, to: machine.folder.appending(path: "away"))
        for _ in 0..<100 where !(try machine.get("/retention").text.contains("cannot be read")) {
            try await Task.sleep(for: .milliseconds(100))
        }
        let (status, page, _) = try machine.get("/retention")
        #expect(status == 200 && page.contains("The store cannot be read") && page.contains("Simulator"))
        let (_, runs, _) = try machine.get("/runs")
        #expect(runs.contains("History of this machine"))
    }
}
