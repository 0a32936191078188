package import Operations
import Platform
import StackConfiguration

/// The console of one stack: its pages, and the state that they show.
package final class Site: Sendable {
    package let session: Session
    package let layout: Layout
    private let settings: Settings
    let runs: ConsoleRuns
    let forecast: RetentionForecast
    let simulations = SimulationQueue()

    package struct Settings: Sendable {
        package init() {}
    }

    package init(_ session: Session, _ settings: Settings = Settings()) {
        self.session = session
        self.settings = settings
        runs = ConsoleRuns(session)
        forecast = RetentionForecast(session)
        layout = Layout(
            stack: session.configuration.stack, entries: Self.navigation, version: Release.version)
    }

    /// The pages of the navigation, in order.
    static let navigation = [
        Layout.Entry("/", "Overview"), Layout.Entry("/runs", "Recoveries and drills"),
        Layout.Entry("/retention", "Retention"),
    ]

    /// All addresses. Each page adds its own in a file of its own.
    var routes: [Route] { assetRoutes + healthRoutes + overviewRoutes + runRoutes + retentionRoutes }

    /// Answers one request; blocks while the page is made.
    package func answer(_ request: WebRequest) -> WebResponse {
        let table = RouteTable(routes) { [self] failure, request in page(failure, for: request) }
        return secured(table.answer(request) { _ in nil })
    }

    /// A page in the frame of the console.
    package func page(
        _ title: String, _ content: String, at request: WebRequest, status: Int = 200, scripts: [String] = [],
        refresh: Int? = nil
    ) throws -> WebResponse {
        let path = "/" + request.path.joined(separator: "/")
        return .html(
            try layout.page(title: title, content: content, path: path, scripts: scripts, refresh: refresh),
            status: status)
    }

    private func page(_ failure: PageFailure, for request: WebRequest) -> WebResponse {
        struct View {
            var message: String
            var hint: String?
        }
        let text = failure.message.prefix(1).uppercased() + failure.message.dropFirst()
        let content = try? Self.failureTemplate.render(View(message: text, hint: failure.hint))
        let page = try? self.page(
            failure.status == 404 ? "Not found" : "Error", content ?? "", at: request, status: failure.status)
        return page ?? WebResponse(failure.status, text: failure.message + "\n")
    }

    private static let failureTemplate = Template(
        """
        <h1>This page cannot be shown</h1>
        <p>{{message}}.</p>
        {{#hint}}<p>{{.}}</p>{{/hint}}
        """)

    /// Adds the headers that keep a page from loading, or being loaded by, anything foreign.
    private func secured(_ response: WebResponse) -> WebResponse {
        var response = response
        let policy =
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        // A report of a run has a policy of its own, which is stricter.
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
}
