import BackupRepository
import Operations
import Platform
import Retention

extension Site {
    var setRoutes: [Route] {
        [
            Route("/sets") { [self] routed in try setList(routed.request) },
            Route("/sets/{set}") { [self] routed in try setPage(routed["set"], routed.request) },
            Route("/sets/{set}/changes") { [self] routed in try changes(routed["set"], routed.request) },
        ]
    }

    private func setList(_ request: WebRequest) throws -> WebResponse {
        try PageText.check(request, allows: ["before", "tier"])
        let before = try request.parameter("before").map { text in
            guard let time = Timestamp(text) else { throw PageFailure(400, "'before' is not the name of a set") }
            return time
        }
        let tier = request.parameter("tier").flatMap { $0.isEmpty ? nil : $0 }
        guard tier.map({ SetsView.lanes.contains($0) }) ?? true else {
            throw PageFailure(400, "there is no tier '\((tier ?? "").printable)'")
        }
        let view = SetsView(try snapshot(), before: before, tier: tier, now: session.now())
        return try page("Backup sets", try SetsView.template.render(view), at: request)
    }
}

/// The content of the list of backup sets.
struct SetsView {
    static let pageSize = 50
    /// The rows of the timeline, and the values of the filter.
    static let lanes = Tier.allCases.map(\.rawValue) + ["other", "expired"]

    struct Row {
        var name: String
        var time: String
        var age: String
        var badge: PageText.Badge
        var components: String
        var size: String
        var stored: String
        var verified: String
        var drilled: String
        var reason: String
        var more: String?
    }

    struct Choice {
        var value: String
        var isChosen: Bool
        var count: Int
    }

    struct Page {
        var newer: String?
        var older: String?
    }

    var count: String
    var timeline: SetTimeline?
    var choices: [Choice]
    var rows: [Row]
    var isEmpty: Bool
    var page: Page
    var unreadable: [NoteText]
    var hasUnreadable: Bool
    var others: [String]

    init(_ snapshot: StackState.Snapshot, before: Timestamp?, tier: String?, now: Timestamp) {
        let shelf = snapshot.shelf
        count = Units.count(shelf.rows.count, "set")
        var counts: [String: Int] = [:]
        for row in shelf.rows { for lane in Self.lanes(of: row) { counts[lane, default: 0] += 1 } }
        choices = Self.lanes.map { Choice(value: $0, isChosen: $0 == tier, count: counts[$0] ?? 0) }
        let chosen = tier.map { tier in shelf.rows.filter { Self.lanes(of: $0).contains(tier) } } ?? shelf.rows
        let older = before.map { before in chosen.prefix { $0.set.name < before } } ?? chosen[...]
        let shown = older.suffix(Self.pageSize)
        rows = shown.reversed().map { Row($0, now: now) }
        isEmpty = rows.isEmpty
        let suffix = tier.map { "&tier=\($0)" } ?? ""
        var page = Page()
        if older.count > shown.count, let last = shown.first {
            page.older = "/sets?before=\(last.set.name)\(suffix)"
        }
        if older.count < chosen.count {
            let newer = older.endIndex + Self.pageSize
            page.newer =
                newer < chosen.endIndex
                ? "/sets?before=\(chosen[newer].set.name)\(suffix)" : "/sets\(tier.map { "?tier=\($0)" } ?? "")"
        }
        self.page = page
        timeline = SetTimeline(shelf.rows, now: now)
        unreadable = shelf.unreadable.prefix(20).map { NoteText("\($0.name): \($0.reason)") }
        hasUnreadable = !unreadable.isEmpty
        others = shelf.others.sorted { $0.key < $1.key }.map {
            "\(Units.count($0.value, "set")) of stack '\($0.key)' in the same repository are not shown"
        }
    }

    /// The rows of the timeline in which a set stands.
    static func lanes(of row: SetShelf.Row) -> [String] {
        guard row.isKept else { return ["expired"] }
        let tiers = Set(row.reasons.compactMap(\.tier?.rawValue))
        return tiers.isEmpty ? ["other"] : tiers.sorted()
    }

    static let template = Template(
        """
        <h1>Backup sets</h1>
        <p class="lead">{{count}}. A set is one restore point over all components.</p>
        {{#others}}<p class="quiet">{{.}}</p>{{/others}}
        {{#timeline}}
        <figure class="timeline">
        <figcaption>Sets by retention tier. The time runs to the right; older times are closer together. Blue: kept. Green: verified. Tall and red: partial or damaged. Grey and short, in the row “expired”: the next prune may remove it.</figcaption>
        <div class="scroll" tabindex="0" role="region" aria-label="Timeline of the backup sets">{{{svg}}}</div>
        </figure>
        {{/timeline}}
        <form class="filter" method="get" action="/sets">
        <label for="tier">Tier</label>
        <select id="tier" name="tier">
        <option value="">all</option>
        {{#choices}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{value}} ({{count}})</option>
        {{/choices}}
        </select>
        <button type="submit">Show</button>
        </form>
        {{#isEmpty}}<p>There is no backup set here.</p>{{/isEmpty}}
        {{^isEmpty}}
        <table class="stack-table set-table" role="table">
        <caption>Newest first</caption>
        <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Set</th>\
        <th scope="col" role="columnheader">State</th><th scope="col" role="columnheader">Components</th>\
        <th scope="col" role="columnheader" class="number">Size</th><th scope="col" role="columnheader" class="number">Added</th>\
        <th scope="col" role="columnheader">Verified</th><th scope="col" role="columnheader">Drilled</th>\
        <th scope="col" role="columnheader">Kept because</th></tr></thead>
        <tbody role="rowgroup">
        {{#rows}}
        <tr role="row"><th scope="row" role="rowheader"><a href="/sets/{{name}}">{{time}}</a> <span class="quiet">{{age}}</span></th>
        <td role="cell" data-label="State"><span class="badge {{badge.colour}}"><span class="sign" aria-hidden="true">\
        {{badge.sign}}</span> {{badge.word}}</span></td>
        <td role="cell" data-label="Components">{{components}}</td>
        <td role="cell" data-label="Size" class="number">{{size}}</td>
        <td role="cell" data-label="Added" class="number">{{stored}}</td>
        <td role="cell" data-label="Verified">{{verified}}</td>
        <td role="cell" data-label="Drilled">{{drilled}}</td>
        <td role="cell" data-label="Kept because">{{reason}}{{#more}} <span class="quiet">{{.}}</span>{{/more}}</td></tr>
        {{/rows}}
        </tbody>
        </table>
        {{/isEmpty}}
        <nav class="pages" aria-label="Pages of sets">
        {{#page.newer}}<a rel="prev" href="{{.}}">← Newer</a>{{/page.newer}}
        {{#page.older}}<a rel="next" href="{{.}}">Older →</a>{{/page.older}}
        </nav>
        {{#hasUnreadable}}
        <section aria-labelledby="unreadable"><h2 id="unreadable">Unreadable sets</h2>
        <ul>{{#unreadable}}<li>{{{html}}}</li>{{/unreadable}}</ul></section>
        {{/hasUnreadable}}

        """)
}

extension SetsView.Row {
    init(_ row: SetShelf.Row, now: Timestamp) {
        let set = row.set
        name = set.name.description
        time = "\(set.name.readable) UTC"
        age = PageText.age(set.name, at: now)
        badge = Self.badge(row, now: now)
        components = set.components.map(\.name).joined(separator: ", ")
        size = Units.bytes(set.bytes)
        stored = Units.bytes(set.stored)
        verified =
            row.marks.verified.map { PageText.age($0, at: now) } ?? (row.marks.checked == nil ? "–" : "structure only")
        drilled = PageText.drilled(row.marks.drilled, untrusted: row.marks.untrustedDrill, at: now, never: "–")
        // The reasons of other sets are those to drop it.
        reason =
            row.isKept
            ? row.reasons.first?.text ?? "–" : "– (expired: the retention page shows when a prune removes it)"
        if row.isKept, row.reasons.count > 1 { more = "and \(row.reasons.count - 1) more" }
    }

    static func badge(_ row: SetShelf.Row, now: Timestamp) -> PageText.Badge {
        if row.marks.dropReason(at: now) != nil { return .init(.amber, "dropped") }
        if row.marks.isDamaged { return .init(.red, "damaged") }
        if !row.isKept { return .muted("expired") }
        if row.set.name > now { return .init(.red, "future") }
        if !row.set.isComplete { return .init(.amber, "partial") }
        return .init(
            .green, row.set.isImported ? "imported" : row.marks.pinned?.holds(at: now) == true ? "pinned" : "complete")
    }
}
