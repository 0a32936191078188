import FoundationEssentials
import Operations
import Platform
import RecoveryPlan

extension Site {
    /// The page of one run, its events and its evidence.
    var runRoutes: [Route] {
        [
            Route("/runs") { [self] routed in try runsPage(routed.request) },
            Route("/runs/{run}") { [self] routed in try runPage(routed["run"], routed.request) },
            Route("/runs/{run}/events") { [self] routed in try runEvents(routed["run"], routed.request) },
            Route("/runs/{run}/files/{file}") { [self] routed in
                try runs.history.file(routed["file"], of: routed["run"])
            },
        ]
    }

    func entry(_ run: String) throws -> LiveRuns.Entry {
        guard let entry = runs.live.entry(run) else {
            throw PageFailure(
                404, "there is no run '\(run.prefix(80).printable)' on this machine or in the store",
                hint: "The console reads the store every few seconds while a page is open: try again.")
        }
        return entry
    }

    private func runPage(_ id: String, _ request: WebRequest) throws -> WebResponse {
        let entry = try entry(id)
        struct View {
            struct File {
                var name: String
                var path: String
            }
            var id: String
            var title: String
            var isLive: Bool
            var fragment: String
            var sentence: String
            var source: String
            var files: [File]
            var hasFiles: Bool
            var defects: [NoteText]
        }
        let run = entry.run
        // A run that has ended must not be shown in its last state before the end.
        let shared = run.end == nil ? try runs.states.state(of: id) { entry } : nil
        let state = try shared ?? RunEvents.rendered(entry)
        let files = entry.source == .thisHost ? runs.history.files(of: id) : []
        let view = View(
            id: run.id, title: RunWords.title(run), isLive: entry.run.end == nil,
            fragment: state.html, sentence: state.sentence,
            source: entry.source == .thisHost
                ? "From the journal on this machine."
                : "From the copy in the store, as \(run.host) wrote it. "
                    + "The copy is not evidence: that is the journal on \(run.host).",
            files: files.map { View.File(name: $0, path: "/runs/\(run.id)/files/\($0)") }, hasFiles: !files.isEmpty,
            defects: run.defects.map(NoteText.init))
        return try page(
            view.title, try Self.runTemplate.render(view), at: request, scripts: view.isLive ? ["run.js"] : [],
            refresh: view.isLive ? 5 : nil)
    }

    private func runEvents(_ id: String, _ request: WebRequest) throws -> WebResponse {
        _ = try entry(id)
        guard request.method == "GET" else { return WebResponse(type: "text/event-stream", []) }
        guard runs.admit() else {
            return WebResponse(503, text: "too many live pages are open; the page refreshes without events\n")
                .with("Retry-After", "30")
        }
        let runs = runs
        let viewer = Viewer(runs)
        return .stream(type: "text/event-stream; charset=utf-8") { stream in
            defer { viewer.leave() }
            let known = request.headers["last-event-id"]
            try RunEvents.send(
                id, { try runs.states.state(of: id) { runs.live.entry(id) } }, known: known, to: stream)
        }
    }

    private static let runTemplate = Template(
        """
        <nav class="crumbs" aria-label="Breadcrumb"><a href="/runs">Recoveries and drills</a></nav>
        <h1>{{title}}</h1>
        <p class="quiet">Run <code>{{id}}</code>. {{source}}</p>
        {{#defects}}<p class="r-note bad">{{{html}}}</p>{{/defects}}
        <p id="run-status" class="lead" role="status" aria-live="polite">{{sentence}}</p>
        <div id="run" class="r-run"{{#isLive}} data-events="/runs/{{id}}/events"{{/isLive}}>
        {{{fragment}}}
        </div>
        {{#hasFiles}}
        <section aria-labelledby="h-evidence">
        <h2 id="h-evidence">Evidence</h2>
        <ul class="r-files">{{#files}}<li><a href="{{path}}">{{name}}</a></li>{{/files}}</ul>
        </section>
        {{/hasFiles}}
        """)
}

/// A viewer of a live page, who counts until the stream ends or is never read.
private final class Viewer: Sendable {
    private let runs: ConsoleRuns
    private let isGone = Flag()

    init(_ runs: ConsoleRuns) { self.runs = runs }

    func leave() { if isGone.set() { runs.leave() } }

    deinit { leave() }
}
