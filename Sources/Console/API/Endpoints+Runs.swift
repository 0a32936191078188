import BackupRepository
import Operations
import Platform
import RecoveryPlan

extension Endpoint {
    static let runs: [Endpoint] = [
        Endpoint(
            path: "/runs", about: "Recoveries and drills: those under way, and those that ended.", ownSchema: "runs",
            parameters: [.last(of: "runs", default: 50)]
        ) { site, routed in
            let last = try site.last(of: routed.request, default: 50)
            return try Output.json(RunList(site.runs, last: last))
        },
        Endpoint(
            path: "/runs/{run}", about: "One run: its steps, its clocks and its log.", ownSchema: "run",
            parameters: [
                Parameter(
                    name: "run", isInPath: true, about: "The id of the run.",
                    schema: #"{"type": "string", "pattern": "^[0-9A-Za-z-]+$"}"#, example: "20261129T221031Z-1")
            ]
        ) { site, routed in try Output.json(RunDocument(try site.entry(routed["run"]), site.runs)) },
    ]
}

/// The document of `/api/v1/runs`.
private struct RunList: Encodable {
    struct Forecast: Encodable {
        var expectedSeconds: Double
        var lowSeconds: Double
        var highSeconds: Double
    }

    struct Row: Encodable {
        var id: String
        var scenario: String
        var isDrill: Bool
        /// Nil if the journal was altered.
        var started: Timestamp?
        /// Nil for older runs of this machine.
        var host: String?
        var source: String
        var state: String
        /// The end that the run recorded.
        var verdict: RunEnd.Verdict?
        /// The verdict of the evidence, for runs of this machine.
        var evidence: String?
        var reason: String?
        var actualSeconds: Double?
        var forecast: Forecast?
        var rtoSeconds: Double?

        init(_ entry: LiveRuns.Entry, _ row: RunHistory.Row?) {
            let run = entry.run
            id = run.id
            scenario = run.scenario
            isDrill = run.isDrill
            started = Timestamp(seconds: Int(clamping: run.startedAt))
            host = run.host
            source = entry.source.name
            state = entry.news.name
            verdict = run.end?.verdict
            reason = run.end?.reasons.first
            rtoSeconds = run.rto
            if let row { take(row) }
        }

        init(_ row: RunHistory.Row) {
            id = row.id
            scenario = row.scenario
            isDrill = row.isDrill
            started = row.startedAt.map { Timestamp(seconds: Int(clamping: $0)) }
            source = LiveRuns.Entry.Source.thisHost.name
            state = row.startedAt == nil ? "altered" : row.end == nil ? "died" : "ended"
            verdict = row.end
            take(row)
        }

        private mutating func take(_ row: RunHistory.Row) {
            if row.end != nil {
                evidence = row.verdict
                reason = row.reason ?? reason
            }
            actualSeconds = row.actual
            forecast = row.forecast.map {
                Forecast(expectedSeconds: $0.expected, lowSeconds: $0.low, highSeconds: $0.high)
            }
            rtoSeconds = row.rto ?? rtoSeconds
        }
    }

    var runs: [Row]
    /// The reason why the store, with the runs of other machines, could not be read.
    var storeProblem: String?
    /// Seconds since the store was read.
    var storeAgeSeconds: Double?
    /// The number of states in the store that cannot be read.
    var unreadable: Int

    init(_ all: ConsoleRuns, last: Int) {
        let overview = all.live.overview()
        let known = Set(overview.entries.map(\.run.id))
        let recent = overview.entries.map { entry in
            Row(entry, entry.source == .thisHost ? all.history.row(entry.run.id) : nil)
        }
        let older = all.history.names.lazy.filter { !known.contains($0) }.prefix(last).compactMap(all.history.row)
        let rows = (recent + older.map { Row($0) }).sorted { (left: Row, right: Row) -> Bool in
            let (leftStart, rightStart) = (left.started?.seconds ?? 0, right.started?.seconds ?? 0)
            return leftStart == rightStart ? left.id > right.id : leftStart > rightStart
        }
        runs = Array(rows.prefix(last))
        storeProblem = overview.problem
        storeAgeSeconds = overview.storeAge
        unreadable = overview.unreadable
    }
}

/// The document of `/api/v1/runs/{run}`.
private struct RunDocument: Encodable {
    var run: WatchedRun
    var source: String
    var state: String
    /// Seconds since the last news of the run.
    var silentSeconds: Double?
    /// Seconds left of the RTO, below zero if it is exceeded.
    var rtoLeftSeconds: Double?
    /// The expected remaining seconds, from earlier runs.
    var remainingSeconds: Double?
    /// The open steps that determine the end of the run.
    var criticalPath: [String]
    /// The files of the evidence, below `/runs/{run}/files`.
    var files: [String]

    init(_ entry: LiveRuns.Entry, _ all: ConsoleRuns) {
        run = entry.run
        source = entry.source.name
        state = entry.news.name
        if case .silent(let seconds) = entry.news { silentSeconds = seconds }
        rtoLeftSeconds = run.rtoLeft
        remainingSeconds = run.remaining
        criticalPath = run.criticalPath
        files = entry.source == .thisHost ? all.history.files(of: run.id) : []
    }
}

extension LiveRuns.Entry.Source {
    fileprivate var name: String {
        switch self {
        case .thisHost: "thisHost"
        case .store: "store"
        }
    }
}

extension LiveRuns.Entry.News {
    fileprivate var name: String {
        switch self {
        case .current: "running"
        case .silent: "silent"
        case .died: "died"
        case .ended: "ended"
        }
    }
}
