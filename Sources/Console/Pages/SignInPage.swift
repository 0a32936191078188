extension Site {
    var signInRoutes: [Route] {
        [
            Route("/sign-in", access: .open) { [self] routed in
                gate.rules.token == nil || gate.refusal(of: routed.request) == nil
                    ? .redirect(to: "/") : try signInPage()
            },
            Route("/sign-in", method: "POST", access: .open) { [self] routed in
                guard Self.isOwn(routed.request) else { throw PageFailure(403, "another site sent this form") }
                let form = FormText.fields(String(decoding: routed.request.body, as: UTF8.self)) ?? []
                let token = form.first { $0.name == "token" }?.value ?? ""
                switch gate.signIn(token, of: routed.request) {
                case .admitted(let secret):
                    return .redirect(to: "/").with("Set-Cookie", gate.cookie(secret))
                case .wrong: return try signInPage(403, "The token is wrong.")
                case .limited(let seconds):
                    return try signInPage(429, "Too many wrong tokens. Wait \(seconds) seconds.")
                        .with("Retry-After", "\(seconds)")
                }
            },
            Route("/sign-out", method: "POST", access: .open) { [self] routed in
                guard Self.isOwn(routed.request) else { throw PageFailure(403, "another site sent this form") }
                gate.signOut(routed.request)
                return .redirect(to: "/sign-in").with("Set-Cookie", gate.cookie(nil))
            },
        ]
    }

    /// True if a form comes from the console itself, as far as the browser says.
    private static func isOwn(_ request: WebRequest) -> Bool {
        if let site = request.headers["sec-fetch-site"] { return ["same-origin", "none"].contains(site) }
        guard let origin = request.headers["origin"], let host = request.headers["host"] else { return true }
        return origin.hasSuffix("://\(host)")
    }

    /// - Parameter problem: the reason to ask again.
    private func signInPage(_ status: Int = 200, _ problem: String? = nil) throws -> WebResponse {
        struct View { var problem: String? }
        return .html(try Self.signInTemplate.render(View(problem: problem)), status: status)
    }

    // The page names neither the stack nor the version: a stranger sees it.
    private static let signInTemplate = Template(
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Sign in – dr</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/assets/console.css">
        </head>
        <body class="sign-in">
        <main id="content">
        <h1>Sign in</h1>
        <form method="post" action="/sign-in">
        <label for="token">Token of the console</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus\
        {{#problem}} aria-invalid="true" aria-describedby="wrong"{{/problem}}>
        {{#problem}}<p id="wrong" class="wrong" role="alert">{{.}}</p>{{/problem}}
        <button type="submit">Sign in</button>
        </form>
        </main>
        </body>
        </html>

        """)
}
