import Operations
import Platform
import RecoveryPlan

/// The page of recoveries and drills: what is under way, the trend of each scenario, the history.
extension Site {
    private static let rowsOnPage = 50
    /// The number of runs that the trends look at.
    private static let rowsForTrends = 400

    func runsPage(_ request: WebRequest) throws -> WebResponse {
        let overview = runs.live.overview()
        let names = runs.history.names
        let pages = max(1, (names.count + Self.rowsOnPage - 1) / Self.rowsOnPage)
        let page = min(max(1, request.parameter("page").flatMap { Int($0) } ?? 1), pages)
        let rows = names.dropFirst((page - 1) * Self.rowsOnPage).prefix(Self.rowsOnPage).compactMap(runs.history.row)
        let underWay = Set(overview.entries.lazy.filter(\.isUnderWay).map(\.run.id))
        let own = Set(names)
        let elsewhere = overview.entries.filter {
            $0.source == .store && !$0.isUnderWay && $0.run.isControl != true && !own.contains($0.run.id)
        }
        let view = View(
            running: overview.entries.filter(\.isUnderWay).map(Self.line),
            hasRunning: overview.entries.contains(where: \.isUnderWay),
            elsewhere: elsewhere.map(Self.line), hasElsewhere: !elsewhere.isEmpty,
            store: Self.storeText(overview).map(NoteText.init), trends: page == 1 ? trends(names) : [],
            rows: rows.map { Self.row($0, isUnderWay: underWay.contains($0.id)) },
            hasRows: !rows.isEmpty, pageText: pages > 1 ? "Page \(page) of \(pages)" : nil,
            newer: page > 1 ? "/runs?page=\(page - 1)" : nil, older: page < pages ? "/runs?page=\(page + 1)" : nil)
        return try self.page(
            "Recoveries and drills", try Self.runsTemplate.render(view), at: request,
            refresh: view.hasRunning ? 15 : nil)
    }

    private func trends(_ names: [String]) -> [View.Trend] {
        let rows = names.prefix(Self.rowsForTrends).compactMap(runs.history.row).reversed()
        let groups = Dictionary(grouping: rows.filter { $0.actual != nil }) {
            "\($0.scenario)\u{0}\($0.isDrill ? "drills" : "recoveries")"
        }
        return groups.keys.sorted().prefix(20).compactMap { key in
            guard let rows = groups[key], let row = rows.last, let picture = DurationPicture.svg(rows) else {
                return nil
            }
            let compared = rows.filter(\.isComparable)
            let held = compared.count { row in
                guard let actual = row.actual, let forecast = row.forecast else { return false }
                let low = forecast.band90?.low ?? forecast.low, high = forecast.band90?.high ?? forecast.high
                return actual >= low && actual <= high
            }
            let text =
                compared.isEmpty
                ? "No forecast was made before these runs."
                : "\(held) of \(compared.count) took as long as forecast (the shaded band)."
            return View.Trend(
                title: "\(row.isDrill ? "Drills" : "Recoveries") of \(row.scenario)", picture: picture, text: text)
        }
    }

    private struct View {
        struct Line {
            var path: String
            var title: String
            var badge: String
            var tone: String
            var text: String
        }

        struct Trend {
            var title: String
            var picture: String
            var text: String
        }

        struct Row {
            var path: String
            var id: String
            var started: String
            var kind: String
            var scenario: String
            var badge: String
            var tone: String
            var reason: NoteText?
            var took: String
            var forecast: String
            var rto: String
        }

        var running: [Line]
        var hasRunning: Bool
        var elsewhere: [Line]
        var hasElsewhere: Bool
        var store: NoteText?
        var trends: [Trend]
        var rows: [Row]
        var hasRows: Bool
        var pageText: String?
        var newer: String?
        var older: String?
    }

    private static func line(_ entry: LiveRuns.Entry) -> View.Line {
        let run = entry.run
        let badge = RunWords.badge(entry)
        return View.Line(
            path: "/runs/\(run.id)", title: RunWords.title(run),
            badge: badge.word,
            tone: badge.tone,
            text: "on \(run.host), started \(RunWords.moment(run.startedAt)): \(RunFragment.sentence(entry))")
    }

    private static func row(_ row: RunHistory.Row, isUnderWay: Bool) -> View.Row {
        View.Row(
            path: "/runs/\(row.id)", id: row.id, started: row.started, kind: row.isDrill ? "drill" : "recovery",
            scenario: row.scenario, badge: isUnderWay ? "running" : row.verdict, tone: isUnderWay ? "busy" : row.tone,
            reason: isUnderWay ? nil : row.reason.map(NoteText.init),
            took: row.actual.map(RunWords.duration) ?? "–",
            forecast: row.forecast.map { forecast in
                forecast.hasRange
                    ? "\(RunWords.duration(forecast.low)) to \(RunWords.duration(forecast.high))"
                    : RunWords.duration(forecast.expected)
            } ?? "–", rto: row.rto.map(RunWords.duration) ?? "–")
    }

    /// The known runs of other machines.
    private static func storeText(_ overview: LiveRuns.Overview) -> String? {
        var parts: [String] = []
        if let problem = overview.problem {
            let age =
                overview.storeAge.map { "this was read \(RunWords.duration($0)) ago" } ?? "nothing was read so far"
            parts.append("The store cannot be read, so runs of other machines may be missing; \(age): \(problem)")
        } else if overview.storeAge == nil {
            parts.append("Runs of other machines appear once the store was read.")
        }
        if overview.unreadable > 0 {
            parts.append("\(Units.count(overview.unreadable, "state")) of runs in the store cannot be read.")
        }
        if overview.isPartial {
            parts.append("The store has more objects than were looked at, so runs of other machines may be missing.")
        }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    private static let runsTemplate = Template(
        """
        <h1>Recoveries and drills</h1>
        <section aria-labelledby="h-running">
        <h2 id="h-running">Under way</h2>
        {{#hasRunning}}
        <ul class="r-cards">
        {{#running}}<li><a href="{{path}}">{{title}}</a> <span class="r-badge {{tone}}">{{badge}}</span><br><span class="quiet">{{text}}</span></li>
        {{/running}}
        </ul>
        {{/hasRunning}}
        {{^hasRunning}}<p>No recovery and no drill is running.</p>{{/hasRunning}}
        {{#store}}<p class="r-note">{{{html}}}</p>{{/store}}
        </section>
        <div class="r-trends">
        {{#trends}}
        <section>
        <h2>{{title}}</h2>
        <div class="r-scroll r-card" tabindex="0" role="group" aria-label="Chart of durations, scrolls sideways">{{{picture}}}</div>
        <p class="quiet">{{text}}</p>
        </section>
        {{/trends}}
        </div>
        <section aria-labelledby="h-history">
        <h2 id="h-history">History of this machine</h2>
        {{#hasRows}}
        <div class="r-scroll" tabindex="0" role="group" aria-label="Table of runs, scrolls sideways">
        <table class="r-table stack-table"><caption class="hidden">Recoveries and drills, the newest first</caption>
        <thead><tr><th scope="col">Started</th><th scope="col">Scenario</th><th scope="col">Kind</th><th scope="col">Verdict</th><th scope="col">Took</th><th scope="col">Forecast</th><th scope="col">RTO</th></tr></thead>
        <tbody>
        {{#rows}}<tr><th scope="row"><a href="{{path}}">{{started}}</a></th><td data-label="Scenario">{{scenario}}</td><td data-label="Kind">{{kind}}</td><td class="r-detail" data-label="Verdict"><span class="r-badge {{tone}}">{{badge}}</span>{{#reason}} <span class="quiet">{{{html}}}</span>{{/reason}}</td><td data-label="Took">{{took}}</td><td data-label="Forecast">{{forecast}}</td><td data-label="RTO">{{rto}}</td></tr>
        {{/rows}}
        </tbody></table>
        </div>
        {{/hasRows}}
        {{^hasRows}}<p>This machine has run no recovery and no drill. <code>dr drill --scenario NAME</code> runs one.</p>{{/hasRows}}
        {{#pageText}}<nav class="pages" aria-label="Pages of the history">{{#newer}}<a href="{{.}}" rel="prev">Newer</a>{{/newer}} <span>{{pageText}}</span> {{#older}}<a href="{{.}}" rel="next">Older</a>{{/older}}</nav>{{/pageText}}
        </section>
        {{#hasElsewhere}}
        <section aria-labelledby="h-elsewhere">
        <h2 id="h-elsewhere">Ended on other machines in the last days</h2>
        <ul class="r-cards">
        {{#elsewhere}}<li><a href="{{path}}">{{title}}</a> <span class="r-badge {{tone}}">{{badge}}</span><br><span class="quiet">{{text}}</span></li>
        {{/elsewhere}}
        </ul>
        </section>
        {{/hasElsewhere}}
        """)
}
