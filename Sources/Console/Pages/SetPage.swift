import BackupRepository
import Operations
import Platform
import Retention

extension Site {
    func setPage(_ name: String, _ request: WebRequest) throws -> WebResponse {
        try PageText.check(request, allows: [])
        let (set, _) = try listings.set(name)
        let view = SetView(set, try? snapshot(), now: session.now())
        return try page("Set \(set.name.readable)", try SetView.template.render(view), at: request)
    }

    /// The files that differ from the set before.
    func changes(_ name: String, _ request: WebRequest) throws -> WebResponse {
        try PageText.check(request, allows: [])
        let (set, _) = try listings.set(name)
        guard let before = try snapshot().shelf.before(set.name)?.set.name else {
            throw PageFailure.notFound("there is no set before \(set.name)")
        }
        let (older, _) = try listings.set(before.description)
        var view = ChangesView(set: set.name, before: before)
        for component in Set(set.components.keys).union(older.components.keys).sorted() {
            guard let part = try listings.difference(component, from: older, to: set) else { continue }
            let (was, now) = try part.open()
            try was.changes(to: now) { change, record, old in
                view.add(change, of: record, in: component, was: old?.size)
            }
        }
        view.finish()
        return try page("Changes of \(set.name.readable)", try ChangesView.template.render(view), at: request)
    }
}

/// The content of the page of one set.
struct SetView {
    struct Component {
        var name: String
        var kind: String
        var captured: String
        var files: String
        var size: String
        var added: String
        var badge: PageText.Badge
        var link: String
    }

    struct Failure {
        var name: String
        var value: NoteText
    }

    struct Neighbour {
        var link: String
        var name: String
    }

    var time: String
    var name: String
    var age: String
    var badge: PageText.Badge
    var facts: [OverviewView.Fact]
    var components: [Component]
    var failed: [Failure]
    var hasFailed: Bool
    var reasons: [NoteText]
    var hasReasons: Bool
    var kept: String
    var older: Neighbour?
    var newer: Neighbour?
    var remarks: [NoteText]
    /// The address of the changes since the older set.
    var changes: String

    init(_ set: BackupSet, _ snapshot: StackState.Snapshot?, now: Timestamp) {
        let row = snapshot?.shelf[set.name]
        time = set.name.readable
        name = set.name.description
        age = PageText.age(set.name, at: now)
        badge =
            row.map { SetsView.Row.badge($0, now: now) }
            ?? .init(set.status == .complete ? .green : .amber, set.status.rawValue)
        let seconds = max(0, set.finished.seconds.subtractingClamped(set.started.seconds))
        facts = [
            .init(name: "Set", value: set.name.description),
            .init(name: "Size", value: Units.bytes(set.components.values.lazy.map(\.bytes).clampedSum())),
            .init(name: "Files", value: "\(set.components.values.lazy.map(\.files).clampedSum())"),
            .init(name: "Took", value: Units.duration(seconds: seconds)),
            .init(name: "Verified", value: PageText.age(row?.marks.verified, at: now)),
            .init(
                name: "Drilled",
                value: PageText.drilled(row?.marks.drilled, untrusted: row?.marks.untrustedDrill, at: now)),
            .init(name: "Written by", value: set.provenance.map { $0.host } ?? set.tool),
        ]
        components = set.components.sorted { $0.key < $1.key }.map { name, part in
            Component(
                name: name, kind: part.source, captured: part.captured.readable, files: "\(part.files)",
                size: Units.bytes(part.bytes), added: Units.bytes(part.added.stored),
                badge: part.isWhole
                    ? .init(.green, "whole")
                    : .init(.red, part.damaged > 0 ? "\(part.damaged) damaged paths" : "shrunk"),
                link: PageText.link(set: set.name, name))
        }
        failed = set.failed.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: NoteText($0.value)) }
        hasFailed = !failed.isEmpty
        reasons = row?.reasons.map { NoteText($0.text) } ?? []
        hasReasons = !reasons.isEmpty
        kept = row.map { $0.isKept ? "Kept because" : "To be dropped because" } ?? "Kept because"
        older = snapshot?.shelf.before(set.name).map {
            .init(link: PageText.link(set: $0.set.name), name: $0.set.name.readable)
        }
        newer = snapshot?.shelf.after(set.name).map {
            .init(link: PageText.link(set: $0.set.name), name: $0.set.name.readable)
        }
        remarks = set.reasons.map(NoteText.init)
        changes = "\(PageText.link(set: set.name))/changes"
    }

    static let template = Template(
        """
        <nav class="crumbs" aria-label="Path"><a href="/sets">Backup sets</a></nav>
        <h1>{{time}} <span class="badge {{badge.colour}}"><span class="sign" aria-hidden="true">{{badge.sign}}</span> \
        {{badge.word}}</span></h1>
        <p class="as-of">{{age}}</p>
        <dl class="facts">
        {{#facts}}<div><dt>{{name}}</dt><dd>{{value}}</dd></div>
        {{/facts}}
        </dl>
        {{#remarks}}<p class="wrong">{{{html}}}</p>{{/remarks}}
        <section aria-labelledby="components">
        <h2 id="components">Components</h2>
        <table class="stack-table" role="table">
        <caption>Open a component to browse its files</caption>
        <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Component</th>\
        <th scope="col" role="columnheader">State</th><th scope="col" role="columnheader">Captured</th>\
        <th scope="col" role="columnheader" class="number">Files</th><th scope="col" role="columnheader" class="number">Size</th>\
        <th scope="col" role="columnheader" class="number">Added to the store</th></tr></thead>
        <tbody role="rowgroup">
        {{#components}}
        <tr role="row"><th scope="row" role="rowheader"><a href="{{link}}">{{name}}</a> <span class="quiet">{{kind}}</span></th>
        <td role="cell" data-label="State"><span class="badge {{badge.colour}}"><span class="sign" aria-hidden="true">\
        {{badge.sign}}</span> {{badge.word}}</span></td>
        <td role="cell" data-label="Captured">{{captured}}</td>
        <td role="cell" data-label="Files" class="number">{{files}}</td>
        <td role="cell" data-label="Size" class="number">{{size}}</td>
        <td role="cell" data-label="Added to the store" class="number">{{added}}</td></tr>
        {{/components}}
        </tbody>
        </table>
        {{#hasFailed}}
        <h3>Not in this set</h3>
        <dl class="failed">{{#failed}}<dt>{{name}}</dt><dd>{{{value.html}}}</dd>{{/failed}}</dl>
        {{/hasFailed}}
        </section>
        {{#hasReasons}}
        <section aria-labelledby="kept"><h2 id="kept">{{kept}}</h2>
        <ul>{{#reasons}}<li>{{{html}}}</li>{{/reasons}}</ul></section>
        {{/hasReasons}}
        <section aria-labelledby="changes"><h2 id="changes">Changes</h2>
        {{#older}}<p><a href="{{changes}}">Files that changed since {{name}}</a></p>{{/older}}
        {{^older}}<p class="quiet">There is no older set.</p>{{/older}}
        </section>
        <nav class="pages" aria-label="Neighbouring sets">
        {{#newer}}<a rel="prev" href="{{link}}">← {{name}}</a>{{/newer}}
        {{#older}}<a rel="next" href="{{link}}">{{name}} →</a>{{/older}}
        </nav>

        """)
}

/// The content of the page of changes.
struct ChangesView {
    static let most = 1000

    struct Row {
        var sign: String
        var word: String
        var name: String
        var size: String
    }

    struct Count {
        var word: String
        var count: Int
    }

    var title: String
    var since: String
    var link: String
    var rows: [Row] = []
    var counts: [Count] = []
    var isEmpty = true
    var more: NoteText?
    private var numbers: [String: Int] = [:]
    private var total = 0

    init(set: Timestamp, before: Timestamp) {
        title = set.readable
        since = before.readable
        link = PageText.link(set: set)
    }

    mutating func add(_ change: TreeListing.Change, of record: FileRecord, in component: String, was: Int?) {
        let (sign, word): (String, String) =
            switch change {
            case .added: ("+", "added")
            case .removed: ("−", "removed")
            case .modified: ("M", "changed")
            case .described: ("m", "described")
            }
        numbers[word, default: 0] += 1
        total += 1
        guard rows.count < Self.most else { return }
        var size = record.kind == .file ? Units.bytes(record.size) : ""
        if change == .modified, let was { size = "\(Units.bytes(was)) → \(Units.bytes(record.size))" }
        rows.append(Row(sign: sign, word: word, name: "\(component)/\(PathText.text(of: record.path))", size: size))
    }

    mutating func finish() {
        isEmpty = rows.isEmpty
        counts = ["added", "changed", "described", "removed"].compactMap { word in
            numbers[word].map {
                Count(word: word == "described" ? "with another mode, owner or time" : word, count: $0)
            }
        }
        if total > rows.count {
            more = NoteText("\(total - rows.count) more files are not shown; `dr diff` lists all.")
        }
    }

    static let template = Template(
        """
        <nav class="crumbs" aria-label="Path"><a href="/sets">Backup sets</a> <a href="{{link}}">{{title}}</a></nav>
        <h1>Changes since {{since}}</h1>
        {{#isEmpty}}<p>No file differs.</p>{{/isEmpty}}
        {{^isEmpty}}
        <p class="lead">{{#counts}}<span class="count">{{count}} {{word}}</span> {{/counts}}</p>
        <table class="files">
        <caption>Files that differ from the set before</caption>
        <thead><tr><th scope="col">Change</th><th scope="col">File</th><th scope="col" class="number">Size</th></tr></thead>
        <tbody>
        {{#rows}}
        <tr><td><span class="change" aria-hidden="true">{{sign}}</span> {{word}}</td>\
        <th scope="row" class="path">{{name}}</th><td class="number">{{size}}</td></tr>
        {{/rows}}
        </tbody></table>
        {{#more}}<p class="quiet">{{{html}}}</p>{{/more}}
        {{/isEmpty}}

        """)
}
