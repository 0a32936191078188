import BackupRepository
import Documents
import Operations
import Platform
import RecoveryPlan
import StackConfiguration

extension Site {
    var overviewRoutes: [Route] { [Route("/") { [self] routed in try overview(routed.request) }] }

    private func overview(_ request: WebRequest) throws -> WebResponse {
        let snapshot = try snapshot()
        let view = OverviewView(snapshot, now: session.now(), rto: session.configuration.objectives.rto?.description)
        return try page("Overview", try OverviewView.template.render(view), at: request)
    }
}

/// The content of the overview.
struct OverviewView {
    struct Component {
        var name: String
        var kind: String
        var badge: PageText.Badge
        var age: String
        var rpo: String
        /// The share of the RPO that the age takes, as a number from 0 to 100 for a meter; nil without an RPO.
        var share: Meter?
        var verified: String
        var drilled: String
        var storage: String
        var gaps: String
        var hasGaps: Bool
        var link: String?
        var set: String?
    }

    struct Meter {
        var percent: Int
        var isOver: Bool
        var text: String
    }

    struct Recovery {
        var scenario: String
        var badge: PageText.Badge
        var forecast: String
        var range: String?
        var rto: String
        var runs: String
        var note: NoteText?
    }

    struct Fact {
        var name: String
        var value: String
    }

    var badge: PageText.Badge
    var verdict: NoteText
    var asOf: String
    var facts: [Fact]
    var components: [Component]
    var recoveries: [Recovery]
    var hasRecoveries: Bool
    var notes: [NoteText]
    var alarms: [NoteText]
    var hasAlarms: Bool
    var gaps: [NoteText]
    var moreGaps: String?
    var hasGaps: Bool
    var remarks: [NoteText]
    var hasRemarks: Bool

    init(_ snapshot: StackState.Snapshot, now: Timestamp, rto: String?) {
        let overview = snapshot.overview
        let colour = overview.colour(at: now)
        badge = PageText.Badge(colour, ["green": "Ready", "amber": "Check", "red": "Act"][colour.rawValue] ?? "")
        verdict = NoteText(overview.verdict(at: now).sentence)
        asOf =
            "State of \(snapshot.confirmed.readable) UTC, "
            + "\(Units.duration(seconds: max(0, now.seconds - snapshot.confirmed.seconds))) old"
        facts = [
            Fact(name: "Backup sets", value: "\(overview.sets)"),
            Fact(name: "Newest set", value: PageText.age(overview.newest, at: now)),
            Fact(name: "In the store", value: Units.bytes(overview.storedBytes)),
            Fact(name: "RPO", value: overview.rpoSeconds.map { Units.duration(seconds: $0) } ?? "not set"),
            Fact(name: "RTO", value: rto ?? "not set"),
        ]
        components = overview.components.map { Component($0, rpo: overview.rpoSeconds, now: now) }
        recoveries = overview.recoveries.map(Recovery.init)
        hasRecoveries = !recoveries.isEmpty
        notes = overview.recoveryNotes.map(NoteText.init)
        alarms = overview.alarms.map(NoteText.init)
        hasAlarms = !alarms.isEmpty
        gaps = (overview.gapLines ?? []).map(NoteText.init)
        hasGaps = !gaps.isEmpty
        let count = overview.components.reduce(overview.hostGaps ?? 0) { $0 + ($1.gaps ?? 0) }
        if count > gaps.count { moreGaps = "and \(count - gaps.count) more; dr gap lists all" }
        let remarks =
            (overview.results?.tests.filter { $0.verdict != "passed" }.map(\.sentence) ?? []) + overview.remarks
            + overview.freezes.map { "retention is frozen: \($0)" }
        self.remarks = remarks.map(NoteText.init)
        hasRemarks = !remarks.isEmpty
    }

    static let template = Template(
        """
        <section class="hero {{badge.colour}}" aria-labelledby="verdict">
        <h1 id="verdict"><span class="badge {{badge.colour}}"><span class="sign" aria-hidden="true">\
        {{badge.sign}}</span> {{badge.word}}</span> <span class="verdict">{{{verdict.html}}}</span></h1>
        <p class="as-of">{{asOf}}</p>
        <dl class="facts">
        {{#facts}}<div><dt>{{name}}</dt><dd>{{value}}</dd></div>
        {{/facts}}
        </dl>
        </section>
        {{#hasAlarms}}
        <section class="alarms" aria-labelledby="alarms"><h2 id="alarms">Alarms</h2>
        <ul>{{#alarms}}<li>{{{html}}}</li>{{/alarms}}</ul></section>
        {{/hasAlarms}}
        <section aria-labelledby="components">
        <h2 id="components">Components</h2>
        <table class="stack-table" role="table">
        <caption>The newest restorable data of each component, and its tests</caption>
        <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Component</th>\
        <th scope="col" role="columnheader">Verdict</th><th scope="col" role="columnheader">Age of data</th>\
        <th scope="col" role="columnheader">Verified</th><th scope="col" role="columnheader">Drilled</th>\
        <th scope="col" role="columnheader" class="number">In the store</th><th scope="col" role="columnheader">Gaps</th></tr></thead>
        <tbody role="rowgroup">
        {{#components}}
        <tr role="row">
        <th scope="row" role="rowheader">{{#link}}<a href="{{.}}">{{name}}</a>{{/link}}{{^link}}{{name}}{{/link}} \
        <span class="quiet">{{kind}}</span></th>
        <td role="cell" data-label="Verdict"><span class="badge {{badge.colour}}"><span class="sign" \
        aria-hidden="true">{{badge.sign}}</span> {{badge.word}}</span></td>
        <td role="cell" data-label="Age of data"><span class="age">{{age}}</span> <span class="quiet">of {{rpo}}</span>\
        {{#share}}<meter min="0" max="100" high="80" value="{{percent}}" aria-label="{{text}}">{{text}}</meter>{{/share}}</td>
        <td role="cell" data-label="Verified">{{verified}}</td>
        <td role="cell" data-label="Drilled">{{drilled}}</td>
        <td role="cell" data-label="In the store" class="number">{{storage}}</td>
        <td role="cell" data-label="Gaps">{{#hasGaps}}<span class="badge amber"><span class="sign" aria-hidden="true">!</span> \
        {{gaps}}</span>{{/hasGaps}}{{^hasGaps}}{{gaps}}{{/hasGaps}}</td>
        </tr>
        {{/components}}
        </tbody>
        </table>
        </section>
        <section aria-labelledby="recoveries">
        <h2 id="recoveries">Recovery time</h2>
        {{#hasRecoveries}}
        <table class="stack-table" role="table">
        <caption>The forecast of each scenario that was run or drilled on this machine</caption>
        <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Scenario</th>\
        <th scope="col" role="columnheader">Verdict</th><th scope="col" role="columnheader">Forecast</th>\
        <th scope="col" role="columnheader">RTO</th><th scope="col" role="columnheader" class="number">From runs</th></tr></thead>
        <tbody role="rowgroup">
        {{#recoveries}}
        <tr role="row"><th scope="row" role="rowheader">{{scenario}}</th>
        <td role="cell" data-label="Verdict"><span class="badge {{badge.colour}}"><span class="sign" \
        aria-hidden="true">{{badge.sign}}</span> {{badge.word}}</span></td>
        <td role="cell" data-label="Forecast">{{forecast}}{{#range}} <span class="quiet">{{.}}</span>{{/range}}\
        {{#note}} <span class="quiet">{{{html}}}</span>{{/note}}</td>
        <td role="cell" data-label="RTO">{{rto}}</td>
        <td role="cell" data-label="From runs" class="number">{{runs}}</td></tr>
        {{/recoveries}}
        </tbody>
        </table>
        {{/hasRecoveries}}
        {{#notes}}<p class="quiet">{{{html}}}</p>{{/notes}}
        </section>
        {{#hasGaps}}
        <section aria-labelledby="gaps"><h2 id="gaps">Gaps: data that no backup holds</h2>
        <ul class="remarks">{{#gaps}}<li>{{{html}}}</li>{{/gaps}}{{#moreGaps}}<li>{{.}}</li>{{/moreGaps}}</ul></section>
        {{/hasGaps}}
        {{#hasRemarks}}
        <section aria-labelledby="remarks"><h2 id="remarks">Remarks</h2>
        <ul class="remarks">{{#remarks}}<li>{{{html}}}</li>{{/remarks}}</ul></section>
        {{/hasRemarks}}

        """)
}

extension OverviewView.Component {
    init(_ component: StackOverview.Component, rpo: Int?, now: Timestamp) {
        name = component.name
        kind = component.kind.flatMap { $0 == component.name ? nil : $0 } ?? ""
        badge = PageText.Badge(
            component.colour(at: now, rpo: rpo), Self.word(component, rpo: rpo, now: now))
        let seconds = component.age(at: now)
        age = seconds.map { Units.duration(seconds: $0) } ?? "unknown"
        self.rpo = rpo.map { Units.duration(seconds: $0) } ?? "no RPO"
        if let seconds, let rpo, rpo > 0 {
            let percent = min(100, seconds.multipliedClamped(by: 100) / rpo)
            share = .init(percent: percent, isOver: seconds > rpo, text: "\(percent) % of the RPO")
        }
        verified = PageText.age(component.verified, at: now)
        drilled = PageText.drilled(component.drilled, untrusted: component.untrustedDrill, at: now)
        storage = component.storedBytes.map(Units.bytes) ?? "–"
        hasGaps = (component.gaps ?? 0) > 0
        gaps = component.gaps.map { $0 == 0 ? "none" : Units.count($0, "gap") } ?? "unknown"
        set = component.set?.description
        link = component.set.map { PageText.link(set: $0) }
    }

    /// The verdict; for data that are in time but amber, the reason.
    private static func word(_ component: StackOverview.Component, rpo: Int?, now: Timestamp) -> String {
        let verdict = component.verdict(at: now, rpo: rpo)
        guard verdict == "ok", component.colour(at: now, rpo: rpo) != .green else { return verdict }
        return component.verified == nil ? "not verified" : "has gaps"
    }
}

extension OverviewView.Recovery {
    init(_ recovery: StackOverview.Recovery) {
        scenario = recovery.scenario
        let words: String =
            switch recovery.verdict {
            case .fits: "within the RTO"
            case .mayPass: "may exceed the RTO"
            case .passes: "exceeds the RTO"
            case .noData: "no data"
            case .noObjective: "no RTO"
            }
        badge = PageText.Badge(recovery.colour, words)
        forecast = recovery.expected.map { Units.duration($0) } ?? "–"
        range = recovery.upper.map { "at most \(Units.duration($0))" }
        rto = recovery.rto.map { Units.duration($0) } ?? "–"
        runs = "\(recovery.runs)"
        note = recovery.note.map(NoteText.init)
    }
}
