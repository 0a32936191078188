package import Documents
internal import HTTP
internal import Platform

/// Sends an HTTP request to a server: `http: {url: "${metrics.url}/-/ready"}`.
///
/// A request to a component's server carries the component's credentials from dr.yaml.
///
/// GET and HEAD are conditions. They are repeated for a minute, or for `within`, because a server that has just
/// started needs some time. Other methods are sent once, and repeated only if `within` is set.
package struct HTTPAction: Action {
    package static let keyword = "http"
    package static let isCondition = true

    package enum Method: String, CaseIterable, Sendable { case GET, HEAD, POST, PUT, PATCH, DELETE }

    package var method: Method?
    package var url = TextOrSecret.text("")
    package var headers: [String: TextOrSecret] = [:]
    package var username: String?
    package var password: Secret?
    package var bearerToken: Secret?
    /// The absolute path of PEM certificates.
    package var caFile: String?
    package var insecure = false
    package var body: String?
    var json: JSONValue?
    var expect = HTTPExpectation()
    package var every = Period.seconds(2)
    package var within: Period?

    package init() {}

    /// The method; POST by default if there is a body.
    private var verb: Method { method ?? (body == nil && json == nil ? .GET : .POST) }

    package var changesNothing: Bool { verb == .GET || verb == .HEAD }

    /// The request as messages show it, without the query, which may contain a token.
    private var operation: String {
        guard case .text(let text) = url else { return "\(verb) \(url)" }
        return HTTPRequest(verb.rawValue, text).summary
    }

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        let limit = patience.map { ", every \(every) for up to \($0)" } ?? ""
        return ActionPreview(["\(operation), expecting \(expect)\(limit)"])
    }

    private var patience: Period? { within ?? (changesNothing ? .minutes(1) : nil) }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        let request = try request(in: context)
        guard let patience else { return try await send(request, in: context) }
        return try await Polling(every: every, within: patience).run(in: context) {
            try await send(request, in: context)
        }
    }

    // MARK: Sending

    /// A request that contains its secrets. It is never shown.
    private struct Prepared: Sendable {
        var request: HTTPRequest
        var client: HTTPClient
        var redact: Redaction
    }

    private func request(in context: ActionContext) throws(ActionError) -> Prepared {
        var secrets: [String] = []
        func open(_ secret: Secret) throws(ActionError) -> String {
            let text = try TextOrSecret.secret(secret).resolve(in: context, for: operation)
            secrets.append(text)
            return text
        }
        func plain(_ value: TextOrSecret) throws(ActionError) -> String {
            switch value {
            case .text(let text): text
            case .secret(let secret): try open(secret)
            }
        }
        let address = try plain(url)
        var options = try connection(to: address, in: context)
        if let username, let password {
            options.authorization = .basic(user: username, password: try open(password))
        } else if let bearerToken {
            options.authorization = .bearer(token: try open(bearerToken))
        }
        var request = HTTPRequest(verb.rawValue, address)
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            request.headers.append((name, try plain(value)))
        }
        if let json {
            request.body = .bytes(json.compact)
            if !headers.keys.contains(where: { $0.lowercased() == "content-type" }) {
                request.headers.append(("Content-Type", "application/json"))
            }
        } else if let body {
            request.body = .text(body)
        }
        request.isSentOnce = !changesNothing
        return Prepared(request: request, client: HTTPClient(options), redact: Redaction(secrets))
    }

    /// Returns the connection options of the component's configuration, overridden by the plan's settings.
    private func connection(to address: String, in context: ActionContext) throws(ActionError) -> HTTPOptions {
        var options = HTTPOptions()
        do {
            if let known = try context.services.connection(to: address) { options = known }
        } catch {
            throw ActionError(.hopeless, operation: operation, "\(error)")
        }
        options.connectTimeout = .seconds(5)
        options.stallTimeout = .seconds(30)
        if let caFile { options.caFile = caFile }
        if insecure { options.isInsecure = true }
        return options
    }

    /// The maximum size of a response in bytes; a larger response is an error.
    private static let answerLimit = 1 << 20

    private func send(_ prepared: Prepared, in context: ActionContext) async throws -> ActionRecord {
        let answer: (HTTPResponse, [UInt8])
        do {
            answer = try await context.pool.run { () throws -> (HTTPResponse, [UInt8]) in
                try prepared.client.send(prepared.request, limit: Self.answerLimit)
            }
        } catch let error as HTTPError {
            let isHopeless = error.reason == .tls || error.reason == .aborted
            throw ActionError(isHopeless ? .hopeless : .failed, operation: operation, prepared.redact(error.detail))
        }
        let (response, body) = answer
        if let refusal = expect.refusal(status: response.status, body: body) {
            throw ActionError(.notSo, operation: operation, prepared.redact(refusal))
        }
        return ActionRecord("\(operation): HTTP \(response.status)", facts: ["status": "\(response.status)"])
    }
}

extension HTTPAction: Section {
    package static let keys: [Key<Self>] = [
        Key("url", \.url, as: .webAddress, required: true, about: "URL; use {env:} or {file:} if it contains a token."),
        Key("method", \.method, as: .word(), about: "HTTP method (default: GET, or POST with a body)."),
        Key(
            "headers", \.headers, as: .mapping(of: .textOrSecret),
            about: "Header fields; use {env:} or {file:} for secrets."),
        Key("username", \.username, as: .text, about: "User name for basic authentication."),
        Key("password", \.password, as: .secret, about: "Password for basic authentication."),
        Key("bearer_token", \.bearerToken, as: .secret, about: "Token for bearer authentication."),
        Key("ca_file", \.caFile, as: .path, about: "PEM certificates to trust, instead of the system's."),
        Key("insecure", \.insecure, as: .flag, about: "Accept any certificate."),
        Key("body", \.body, as: .script, about: "Request body, sent unchanged."),
        Key("json", \.json, as: .json, about: "Request body, sent as JSON."),
        Key("expect", \.expect, as: .section(), about: "Expected response (default: any 2xx)."),
        Key("every", \.every, as: .period, about: "Interval between attempts (default: 2s)."),
        Key(
            "within", \.within, as: .period,
            about: "Time to repeat the request (default: 1m for GET and HEAD, otherwise none)."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if body != nil, json != nil { reader.complain(written["json"], "'body' and 'json' cannot be used together") }
        if (username == nil) != (password == nil) {
            let key = username == nil ? "password" : "username"
            reader.complain(written[key], "'username' and 'password' must be set together")
        }
        if bearerToken != nil, password != nil {
            reader.complain(written["bearer_token"], "'bearer_token' and 'password' cannot be used together")
        }
    }

    package static let shape = Shape<Self>.section()
}

extension Shape where Value == TextOrSecret {
    /// An http, https or kube URL, with an optional path and query.
    fileprivate static let webAddress = Shape(
        schema: ["oneOf": [["type": "string", "pattern": "^(https?|kube)://"], Shape<Secret>.secret.schema]]
    ) { node, reader in
        guard let url = textOrSecret.read(node, &reader) else { return nil }
        guard case .text(let text) = url, !node.isOpen else { return url }
        let base = text.prefix { $0 != "?" && $0 != "#" }
        let isASCII = text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7f }
        let refusal: HTTPAddress.Refusal? =
            if base.hasPrefix(ClusterAddress.scheme) {
                if case .failure(let refusal) = ClusterAddress.parse(String(base)) { refusal } else { nil }
            } else {
                if case .failure(let refusal) = HTTPAddress.parse(String(base)) { refusal } else { nil }
            }
        if let refusal {
            reader.complain(node, "the URL \(refusal.reason)", hint: refusal.hint)
            return nil
        }
        guard isASCII else {
            reader.complain(node, "the URL contains a space or a non-ASCII character", hint: "percent-encode it")
            return nil
        }
        return url
    }
}
