import BackupRepository
import Operations
import Platform
import RecoveryPlan
import Reporting
import StackConfiguration

extension Endpoint {
    static let all = state + sets + plans + runs + retention

    private static let state: [Endpoint] = [
        Endpoint(
            path: "/overview",
            about:
                "The state of the stack at a glance, as the first page shows it, from the last reading of the store.",
            ownSchema: "overview"
        ) { site, _ in
            let snapshot = try site.snapshot()
            return try Output.json(OverviewDocument(snapshot, now: site.session.now()))
        },
        Endpoint(path: "/status", about: "The document of `dr status`.", definition: "status") { site, _ in
            try site.answers.answer("status") {
                try site.read { session, repository in try Output.json(try await StatusReport(session, repository)) }
            }
        },
        Endpoint(
            path: "/list", about: "The document of `dr list --last N`.", definition: "list",
            parameters: [.last(of: "sets", default: 100)]
        ) { site, routed in
            let last = try site.last(of: routed.request, default: 100)
            let shelf = try site.snapshot().shelf
            return try site.answers.answer("list \(last)") {
                try site.read { session, repository in
                    try Output.json(try await SetList(session, repository, shelf: shelf, last: last))
                }
            }
        },
        Endpoint(
            path: "/show/{set}", about: "The document of `dr show SET`.", definition: "show",
            parameters: [
                Parameter(
                    name: "set", isInPath: true, about: "The name of a backup set, or `latest`.",
                    schema: #"{"type": "string", "pattern": "^([0-9]{8}T[0-9]{6}Z|latest)$"}"#, example: "latest")
            ]
        ) { site, routed in
            let name = routed["set"]
            guard let selector = name == "latest" ? .latest : Timestamp(name).map(SetSelector.named) else {
                throw PageFailure.notFound("'\(name.printable)' is not the name of a set")
            }
            let set: Timestamp
            if case .named(let name) = selector {
                set = try site.listings.set(name.description).0.name
            } else {
                guard let newest = try site.snapshot().shelf.rows.last?.set.name else {
                    throw PageFailure.notFound("there is no backup set yet")
                }
                set = newest
            }
            return try site.answers.answer("show \(name)") {
                try site.read { session, repository in
                    let set = try await session.pool.run { try repository.set(set) }
                    let manifests = try await session.pool.run {
                        try set.components.keys.sorted().map { try repository.manifest($0, of: set) }
                    }
                    return try Output.json(
                        try await SetReport(session, of: set, in: repository, selector: selector, manifests: manifests))
                }
            }
        },
        Endpoint(path: "/stats", about: "The document of `dr stats`.", definition: "stats") { site, _ in
            let shelf = try site.snapshot().shelf
            return try site.answers.answer("stats") {
                try site.read { session, repository in
                    try Output.json(try await session.pool.run { try shelf.statistics(of: repository) })
                }
            }
        },
        Endpoint(path: "/gap", about: "The document of `dr gap`.", definition: "gap") { site, _ in
            try site.answers.answer("gap") {
                let session = site.session
                return try waiting { try Output.json(try await GapSearch(session: session).run()) }
            }
        },
        Endpoint(path: "/ready", about: "The document of `dr ready`.", definition: "ready") { site, _ in
            try site.answers.answer("ready") {
                let session = site.session
                return try waiting {
                    let library = try session.planLibrary()
                    let review = ReadinessReview(session: session)
                    let used = await review.usedScenarios(library)
                    return try Output.json(
                        try await review.run(library.entries.filter { used.contains($0.scenario) }))
                }
            }
        },
        Endpoint(
            path: "/ledger", about: "The document of `dr ledger`: its newest entries.", definition: "ledger",
            parameters: [.last(of: "entries", default: 100)]
        ) { site, routed in
            let last = try site.last(of: routed.request, default: 100)
            return try site.answers.answer("ledger \(last)") {
                let session = site.session
                return try waiting { try await LedgerDocument.read(session, last: last) }
            }
        },
        Endpoint(
            path: "/plan/history/{scenario}", about: "The document of `dr plan history SCENARIO`.",
            definition: "plan history",
            parameters: [
                Parameter(
                    name: "scenario", isInPath: true, about: "The name or an alias of the scenario.",
                    schema: #"{"type": "string", "minLength": 1}"#, example: "complete_cluster_loss")
            ]
        ) { site, routed in
            let session = site.session
            guard let entry = try? session.planLibrary().entry(for: routed["scenario"]) else {
                throw PageFailure.notFound("there is no plan '\(routed["scenario"].printable)'")
            }
            return try waiting { try Output.json(await session.planHistory(of: entry)) }
        },
        Endpoint(
            path: "/report/controls", about: "The document of `dr report controls`.", definition: "report controls"
        ) { site, _ in
            try site.answers.answer("controls") {
                let session = site.session
                return try waiting { try Output.json(ControlReport(await session.controlFacts(at: nil) { _ in })) }
            }
        },
    ]
}

extension Site {
    /// Runs code with the session and its repository.
    func read(_ body: @escaping @Sendable (Session, Repository) async throws -> String) throws -> String {
        let state = state
        return try waiting { try await body(state.session, try await state.repository()) }
    }

    /// The value of ``Endpoint/Parameter/last(of:default:)``.
    func last(of request: WebRequest, default usual: Int) throws -> Int {
        try number("last", of: request, in: Endpoint.Parameter.lastRange) ?? usual
    }

    /// A whole number of the query.
    func number(_ name: String, of request: WebRequest, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = request.parameter(name) else { return nil }
        guard let number = Int(text), range.contains(number), text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }) else {
            throw PageFailure(400, "'\(name)' takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// The document of `/api/v1/overview`.
private struct OverviewDocument: Encodable {
    var overview: StackOverview
    var colour: StackOverview.Colour
    var verdict: String
    /// The time when the store last confirmed this state.
    var confirmed: Timestamp
    var ageSeconds: Int
    /// The reason why the store cannot be read now.
    var failure: String?

    init(_ snapshot: StackState.Snapshot, now: Timestamp) {
        overview = snapshot.overview
        colour = overview.colour(at: now)
        verdict = overview.verdict(at: now)
        confirmed = snapshot.confirmed
        ageSeconds = max(0, now.seconds - confirmed.seconds)
        failure = snapshot.failure
    }
}

/// The newest entries of the ledger as `dr ledger --json` prints them.
private enum LedgerDocument {
    struct Enough: Error {}

    static func read(_ session: Session, last: Int) async throws -> String {
        var rows: [String] = []
        do {
            try await LedgerList().forEach(in: session) { row in
                rows.append(try Output.json(row, []))
                if rows.count == last { throw Enough() }
            }
        } catch is Enough {}
        return "{\"entries\": [\(rows.joined(separator: ",\n"))]}"
    }
}
