import BackupRepository
import Operations
import Platform
import Retention
import StackConfiguration

/// The retention page: what stands, what goes next and when, and the simulator.
extension Site {
    private static let mostSets = 100

    var retentionRoutes: [Route] {
        [
            Route("/retention") { [self] routed in try retentionPage(routed.request) },
            Route("/retention/picture.svg") { [self] routed in
                guard let result = try result(of: simulator(routed.request), now: session.clock.seconds) else {
                    throw PageFailure.notFound("a policy without any rule keeps everything")
                }
                return WebResponse(type: "image/svg+xml", text: result.picture)
            },
            Route("/retention/simulation") { [self] routed in
                .html(try Self.simulationTemplate.render(try simulation(simulator(routed.request))))
            },
        ]
    }

    private func simulator(_ request: WebRequest) -> RetentionSimulator {
        simulator(request.query)
    }

    /// The simulator with the configured policy and the size of the newest set, where the query has no other values.
    func simulator(_ query: [(name: String, value: String)]) -> RetentionSimulator {
        RetentionSimulator(
            session.configuration.retention.policy, query: query, newestBytes: state.snapshot?.shelf.newestBytes)
    }

    private func retentionPage(_ request: WebRequest) throws -> WebResponse {
        let known = forecast.known()
        let simulator = simulator(request)
        let policy = session.configuration.retention.policy
        func field(_ field: RetentionSimulator.Field) -> View.Field {
            View.Field(
                name: field.name, label: field.label, unit: field.unit, least: field.range.lowerBound,
                most: field.range.upperBound, value: simulator.value(field))
        }
        let sets = known.report?.sets ?? []
        let going = sets.filter { $0.fate != .kept }
        let view = View(
            policy: policy.isEmpty ? nil : policy.summary, state: Self.state(known).map(NoteText.init),
            frozen: known.report?.frozen.map {
                View.Frozen(reason: NoteText($0.reason), remedy: NoteText($0.remedy.sentence))
            } ?? [],
            hasReport: known.report != nil, summary: known.report.map(Self.summary) ?? "",
            going: going.prefix(Self.mostSets).map(Self.set), hasGoing: !going.isEmpty,
            moreGoing: Self.more(going.count),
            standing: sets.filter { $0.fate == .kept }.reversed().prefix(Self.mostSets).map(Self.set),
            moreStanding: Self.more(sets.count - going.count), rules: RetentionSimulator.rules.map(field),
            model: RetentionSimulator.model.map(field), size: simulator.size,
            sizePattern: RetentionSimulator.sizePattern, sizeOrigin: simulator.sizeOrigin,
            schedules: RetentionSimulator.schedules.map {
                View.Schedule(name: $0, isChosen: $0 == simulator.schedule)
            }, simulation: try Self.simulationTemplate.render(try simulation(simulator)))
        return try page(
            "Retention", try Self.retentionTemplate.render(view), at: request, scripts: ["retention.js"],
            refresh: known.report == nil && known.isReading ? 3 : nil)
    }

    func result(of simulator: RetentionSimulator, now: Int) throws -> RetentionSimulator.Result? {
        try simulations.result("\(simulator.query) \(now / 86_400)") { simulator.run(now: now) }
    }

    private func simulation(_ simulator: RetentionSimulator) throws -> SimulationView {
        let result = try result(of: simulator, now: session.clock.seconds)
        return SimulationView(
            picture: result.map { _ in simulator.query }, chart: result?.chart ?? "", summary: result?.summary ?? "",
            rows: result?.rows.map {
                SimulationView.Row(day: $0.day, kept: "\($0.kept)", stored: $0.stored, price: $0.price)
            } ?? [])
    }

    // MARK: Words

    private static func state(_ known: RetentionForecast.Known) -> String? {
        let age = known.age.map { "\(RunWords.duration($0)) ago" }
        if let problem = known.problem {
            return age.map { "The store cannot be read; this is the state of \($0): \(problem)" }
                ?? "The store cannot be read: \(problem)"
        }
        guard let age else { return "The first dry run of a prune is being made; load the page again in a moment." }
        return "A dry run of a prune, made \(age). Nothing was changed."
    }

    private static func summary(_ report: PruneReport) -> String {
        let going = report.sets.count { $0.fate != .kept }
        var text = "Sets that stay: \(report.sets.count - going). Sets that go: \(going)."
        let next = report.sets.compactMap { $0.fate == .announced ? $0.due : nil }.min()
        if let next { text += " The next removal is possible from \(next.readable) UTC on." }
        if report.removed.bytes > 0 {
            text += " A prune now would remove \(Units.bytes(report.removed.bytes))"
            text += " in \(Units.count(report.removed.packs, "pack"))."
        }
        if report.announced.bytes > 0 {
            text += " It would announce the removal of \(Units.bytes(report.announced.bytes))."
        }
        return text
    }

    private static func set(_ line: PruneReport.SetLine) -> View.Set {
        let (word, tone): (String, String) =
            switch line.fate {
            case .kept: ("stays", "good")
            case .announced: ("goes", "warn")
            case .removed: ("goes now", "bad")
            case .locked: ("locked", "quiet")
            }
        return View.Set(
            name: "\(line.name)", path: "/sets/\(line.name)", made: line.name.readable, word: word, tone: tone,
            due: line.due.map { "\($0.readable) UTC" } ?? (line.fate == .removed ? "with the next prune" : "–"),
            reasons: line.reasons.joined(separator: "; ").printable)
    }

    private static func more(_ count: Int) -> String? {
        count > mostSets ? "and \(Units.count(count - mostSets, "more set")): dr prune --dry-run lists all" : nil
    }

    // MARK: Views

    private struct View {
        struct Frozen {
            var reason: NoteText
            var remedy: NoteText
        }

        struct Set {
            var name: String
            var path: String
            var made: String
            var word: String
            var tone: String
            var due: String
            var reasons: String
        }

        struct Field {
            var name: String
            var label: String
            var unit: String
            var least: Int
            var most: Int
            var value: Int
        }

        struct Schedule {
            var name: String
            var isChosen: Bool
        }

        var policy: String?
        var state: NoteText?
        var frozen: [Frozen]
        var hasReport: Bool
        var summary: String
        var going: [Set]
        var hasGoing: Bool
        var moreGoing: String?
        var standing: [Set]
        var moreStanding: String?
        var rules: [Field]
        var model: [Field]
        var size: String
        var sizePattern: String
        var sizeOrigin: String
        var schedules: [Schedule]
        var simulation: String
    }

    private struct SimulationView {
        struct Row {
            var day: String
            var kept: String
            var stored: String
            var price: String
        }

        /// The query of the picture; nil without a result.
        var picture: String?
        /// The picture as a part of the page.
        var chart: String
        var summary: String
        var rows: [Row]
    }

    private static let setsTable = """
        <table class="r-table stack-table"><caption class="hidden">Backup sets with their fate and the reasons</caption>
        <thead><tr><th scope="col">Set</th><th scope="col">Made (UTC)</th><th scope="col">Fate</th><th scope="col">From</th><th scope="col">Reasons</th></tr></thead>
        """
    private static let setRow = """
        <tr><th scope="row"><a href="{{path}}">{{name}}</a></th><td data-label="Made">{{made}}</td><td data-label="Fate"><span class="r-badge {{tone}}">{{word}}</span></td><td data-label="From">{{due}}</td><td class="r-detail" data-label="Reasons">{{reasons}}</td></tr>
        """

    private static let retentionTemplate = Template(
        """
        <h1>Retention</h1>
        {{#policy}}<p>Policy: <strong>{{.}}</strong></p>{{/policy}}
        {{^policy}}<p>No retention policy is configured: every set stays. <code>retention:</code> in dr.yaml sets one; the simulator below shows the effect.</p>{{/policy}}
        {{#state}}<p class="r-note" role="status">{{{html}}}</p>{{/state}}
        {{#frozen}}<p class="r-note bad"><strong>Pruning is frozen:</strong> {{{reason.html}}}<br>{{{remedy.html}}}</p>{{/frozen}}
        {{#hasReport}}
        <section aria-labelledby="h-next">
        <h2 id="h-next">What goes next</h2>
        <p>{{summary}}</p>
        {{#hasGoing}}
        <div class="r-scroll" tabindex="0" role="group" aria-label="Table of the sets that go, scrolls sideways">
        \(setsTable)<tbody>{{#going}}\(setRow){{/going}}</tbody></table>
        </div>
        {{#moreGoing}}<p class="quiet">{{.}}</p>{{/moreGoing}}
        {{/hasGoing}}
        </section>
        <section aria-labelledby="h-stays">
        <h2 id="h-stays">What stays</h2>
        <div class="r-scroll" tabindex="0" role="group" aria-label="Table of the sets that stay, scrolls sideways">
        \(setsTable)<tbody>{{#standing}}\(setRow){{/standing}}</tbody></table>
        </div>
        {{#moreStanding}}<p class="quiet">{{.}}</p>{{/moreStanding}}
        </section>
        {{/hasReport}}
        <section aria-labelledby="h-simulator">
        <h2 id="h-simulator">Simulator</h2>
        <p class="quiet">What a policy would keep over years. It changes nothing, and needs no store.</p>
        <form class="r-form" id="simulator" method="get" action="/retention#h-simulator">
        {{#rules}}<div><label for="f-{{name}}">{{label}} <output for="f-{{name}}">{{value}}</output> {{unit}}</label><input type="range" id="f-{{name}}" name="{{name}}" min="{{least}}" max="{{most}}" value="{{value}}"></div>
        {{/rules}}
        <div><label for="f-schedule">Backups</label><select id="f-schedule" name="schedule">{{#schedules}}<option{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/schedules}}</select></div>
        <div><label for="f-size">Size of one full backup</label><input type="text" id="f-size" name="size" value="{{size}}" pattern="{{sizePattern}}" aria-describedby="size-origin"><span class="quiet" id="size-origin">{{sizeOrigin}}</span></div>
        {{#model}}<div><label for="f-{{name}}">{{label}} <output for="f-{{name}}">{{value}}</output> {{unit}}</label><input type="range" id="f-{{name}}" name="{{name}}" min="{{least}}" max="{{most}}" value="{{value}}"></div>
        {{/model}}
        <button type="submit">Simulate</button>
        </form>
        <div id="simulation" aria-live="off">{{{simulation}}}</div>
        </section>
        """)

    private static let simulationTemplate = Template(
        """
        {{#picture}}
        <p id="simulation-summary" role="status"><strong>{{summary}}</strong></p>
        <div class="r-scroll r-paper" tabindex="0" role="group" aria-label="Chart of the simulation, scrolls sideways">{{{chart}}}</div>
        <p class="quiet r-save"><a href="/retention/picture.svg?{{picture}}" download="retention.svg">Save the chart as SVG</a></p>
        <div class="r-scroll" tabindex="0" role="group" aria-label="Table of the simulation, scrolls sideways">
        <table class="r-table stack-table"><caption class="hidden">The repository at the end of each year</caption>
        <thead><tr><th scope="col">End of</th><th scope="col">Sets</th><th scope="col">Stored</th><th scope="col">Price a month</th></tr></thead>
        <tbody>{{#rows}}<tr><th scope="row">{{day}}</th><td data-label="Sets">{{kept}}</td><td data-label="Stored">{{stored}}</td><td data-label="Price a month">{{price}}</td></tr>{{/rows}}</tbody></table>
        </div>
        {{/picture}}
        {{^picture}}<p role="status">A policy without any rule keeps everything: move a slider.</p>{{/picture}}
        """)
}
