import BackupRepository
package import Operations
import Platform
import StackConfiguration

/// The console of one stack: its pages, and the state that they show.
package final class Site: Sendable {
    package let session: Session
    package let state: StackState
    package let layout: Layout
    let gate: Gate
    let metrics: ServedMetrics
    let listings: ListingShelf
    let answers = AnswerShelf()
    let runs: ConsoleRuns
    let forecast: RetentionForecast
    let simulations = SimulationQueue()
    let downloads = DownloadPlaces()

    package init(_ state: StackState, _ rules: VisitorRules) {
        session = state.session
        self.state = state
        gate = Gate(rules)
        metrics = ServedMetrics(session)
        listings = ListingShelf(state)
        runs = ConsoleRuns(session)
        forecast = RetentionForecast(session)
        var layout = Layout(
            stack: session.configuration.stack, entries: Self.navigation, version: Release.version)
        layout.hasSignIn = rules.token != nil
        self.layout = layout
    }

    /// The pages of the navigation, in order.
    static let navigation = [
        Layout.Entry("/", "Overview"), Layout.Entry("/sets", "Backup sets"),
        Layout.Entry("/runs", "Recoveries and drills"), Layout.Entry("/retention", "Retention"),
    ]

    /// All addresses. Each page adds its own in a separate file.
    private var routes: [Route] {
        assetRoutes + healthRoutes + metricsRoutes + signInRoutes + overviewRoutes + setRoutes + fileRoutes
            + downloadRoutes + runRoutes + retentionRoutes + apiRoutes
    }

    /// Answers one request; blocks while the page is made.
    package func answer(_ request: WebRequest) -> WebResponse {
        if request.path != ["healthz"], let complaint = gate.rules.complaint(aboutHost: request.headers["host"]) {
            return secured(
                WebResponse(
                    421, text: "\(complaint)\nhint: use 127.0.0.1 or localhost, or add the name to `serve: hosts:`\n"))
        }
        if request.isLoadedByOtherSite, request.path != ["healthz"], request.path.first != "assets" {
            return secured(WebResponse(403, text: "another site loads this page\n"))
        }
        let table = RouteTable(routes) { [self] failure, request in
            let response = page(failure, for: request)
            return failure.retryAfter.map { response.with("Retry-After", "\($0)") } ?? response
        }
        return secured(table.answer(request) { gate.refusal(of: $0) })
    }

    /// Ends the requests that wait for a simulation: the console ends.
    package func stop() { simulations.stop() }

    /// A page in the frame of the console.
    package func page(
        _ title: String, _ content: String, at request: WebRequest, status: Int = 200, scripts: [String] = [],
        refresh: Int? = nil
    ) throws -> WebResponse {
        let path = "/" + request.path.joined(separator: "/")
        return .html(
            try layout.page(
                title: title, content: content, path: path, note: stateNote, scripts: scripts, refresh: refresh),
            status: status)
    }

    /// The age of the state and the reason, if the store is away; nil if it is not.
    private var stateNote: String? {
        guard let failure = state.failure else { return nil }
        let reason = failure.split(whereSeparator: \.isNewline).first.map { String($0) } ?? ""
        guard let snapshot = state.snapshot else { return "The store cannot be read: \(reason)." }
        let age = Units.duration(seconds: max(0, session.now().seconds - snapshot.confirmed.seconds))
        return
            "The store cannot be read. This is its state of \(snapshot.confirmed.readable), \(age) old. Cause: \(reason)."
    }

    private func page(_ failure: PageFailure, for request: WebRequest) -> WebResponse {
        if request.path.first == "api" { return Self.apiFailure(failure) }
        // The frame of a page names the stack: a stranger must not see it.
        if gate.refusal(of: request) != nil { return WebResponse(failure.status, text: failure.message + "\n") }
        struct View {
            var message: NoteText
            var hint: NoteText?
        }
        let content = try? Self.failureTemplate.render(
            View(message: NoteText(failure.message.sentence), hint: failure.hint.map { NoteText($0.sentence) }))
        let page = try? self.page(
            failure.status == 404 ? "Not found" : "Error", content ?? "", at: request, status: failure.status)
        let response = page ?? WebResponse(failure.status, text: failure.message + "\n")
        return failure.status == 405 ? response.with("Allow", "GET, HEAD") : response
    }

    private static let failureTemplate = Template(
        """
        <h1>This page cannot be shown</h1>
        <p>{{{message.html}}}</p>
        {{#hint}}<p class="hint">{{{html}}}</p>{{/hint}}
        <p><a href="/">Back to the overview</a></p>
        """)

    /// Adds the headers that keep a page from loading, or being loaded by, anything foreign.
    private func secured(_ response: WebResponse) -> WebResponse {
        var response = response
        let policy =
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        // A report of a run has its own, stricter policy.
        if !response.headers.contains(where: { $0.name == "Content-Security-Policy" }) {
            response.headers.append(("Content-Security-Policy", policy))
        }
        response.headers += [
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ]
        if !response.headers.contains(where: { $0.name == "Cache-Control" }) {
            response.headers.append(("Cache-Control", "no-store"))
        }
        return response
    }
}

extension Site {
    var assetRoutes: [Route] {
        Asset.all.map { asset in
            Route("/assets/\(asset.name)", access: .open) { _ in
                WebResponse(type: asset.type, text: asset.text).with("Cache-Control", "private, max-age=3600")
            }
        }
    }

    var healthRoutes: [Route] { [Route("/healthz", access: .open) { _ in WebResponse(text: "ok\n") }] }

    /// The last known state.
    /// - Throws: ``PageFailure`` if there is none yet.
    func snapshot() throws -> StackState.Snapshot {
        if let snapshot = state.snapshot { return snapshot }
        if let failure = state.failure {
            let lines = failure.split(separator: "\n", maxSplits: 1)
            throw PageFailure(
                503, "the store cannot be read: \(lines.first ?? "")", hint: lines.dropFirst().first.map(String.init))
        }
        throw PageFailure(503, "dr reads the repository for the first time", hint: "reload the page in a moment")
    }
}

extension String {
    /// The text with a capital at the begin and a full stop at the end.
    var sentence: String {
        let end = last.map { ".!?".contains($0) } ?? true
        return prefix(1).uppercased() + dropFirst() + (end ? "" : ".")
    }
}
