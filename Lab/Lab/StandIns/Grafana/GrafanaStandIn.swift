internal import Documents
package import Foundation
internal import Synchronization

/// A stand-in for Grafana, faithful in what an export and an import rely on, its awkward parts included: written from
/// the documentation of its API, versions 9 to 13.
package final class GrafanaStandIn: Sendable {
    package let server: StandInServer
    private let backend: GrafanaBackend

    /// The contract that requests and answers are held against.
    package static var contract: URL {
        Checkout.url("fixtures/contracts/grafana.json")
    }

    /// - Parameters:
    ///   - port: nil for a free one.
    ///   - isChecked: false where speed is measured: nothing is then held against the contract.
    package init(_ state: GrafanaState, port: UInt16? = nil, isChecked: Bool = true) async throws {
        let backend = GrafanaBackend(state)
        self.backend = backend
        server = try await StandInServer(
            "grafana", port: port, contract: isChecked ? try APIContract(contentsOf: Self.contract) : nil
        ) { backend.answer($0) }
    }

    package var url: String { server.url }

    /// What it holds now.
    package var state: GrafanaState { backend.state.withLock { $0 } }

    /// Changes what it holds, behind the API's back.
    package func change(_ body: (inout GrafanaState) -> Void) { backend.state.withLock { body(&$0) } }
}

/// Finds out who asks for what, and whether they may.
final class GrafanaBackend: Sendable {
    let state: Mutex<GrafanaState>
    private let routes: [String: [GrafanaRoute]]

    init(_ state: GrafanaState) {
        self.state = Mutex(state)
        routes = Dictionary(grouping: GrafanaRoute.all) { "\($0.method) \($0.segments.count)" }
    }

    func answer(_ request: StandInRequest) -> StandInAnswer {
        let segments = request.segments
        let candidates = routes["\(request.method) \(segments.count)"] ?? []
        guard let route = candidates.first(where: { $0.fits(segments) }) else { return .grafana(404, "Not found") }
        return state.withLock { state in
            if route.access == .open {
                return route.answer(&state, GrafanaCall(request, route.parameters(segments), organization: 0))
            }
            switch caller(request, state) {
            case .failure(let refusal): return refusal.answer
            case .success(let caller):
                if route.access == .serverAdmin {
                    guard caller.isServerAdmin else { return Self.forbidden }
                } else {
                    guard let role = caller.role else { return refusalOfStranger(state) }
                    guard Self.rank(role) >= Self.rank(route.access.role) else { return Self.forbidden }
                    guard state.organizations[caller.organization] != nil else { return refusalOfStranger(state) }
                }
                var call = GrafanaCall(request, route.parameters(segments), organization: caller.organization)
                call.login = caller.login
                return route.answer(&state, call)
            }
        }
    }

    private struct Caller {
        var login: String
        var organization: Int
        /// Nil for one that is no member of the organisation it wants to act in.
        var role: String?
        var isServerAdmin = false
    }

    private struct Refusal: Error {
        var answer: StandInAnswer
    }

    private func caller(_ request: StandInRequest, _ state: GrafanaState) -> Result<Caller, Refusal> {
        if let token = request.bearerToken {
            guard let known = state.tokens[token] else {
                return .failure(Refusal(answer: .grafana(401, "Invalid API key")))
            }
            return .success(Caller(login: "sa-token", organization: known.organization, role: known.role))
        }
        guard let (name, password) = request.basicAuthorization else {
            return .failure(Refusal(answer: .grafana(401, "Unauthorized")))
        }
        guard let user = state.user(name), user.password == password, !user.isDisabled else {
            return .failure(Refusal(answer: .grafana(401, "Invalid username or password")))
        }
        let organization = request.headers["x-grafana-org-id"].flatMap { Int($0) } ?? user.organization
        return .success(
            Caller(
                login: user.login, organization: organization,
                role: state.organizations[organization]?.members[user.id], isServerAdmin: user.isGrafanaAdmin))
    }

    private func refusalOfStranger(_ state: GrafanaState) -> StandInAnswer {
        state.version < .v10
            ? .grafana(401, "Unauthorized") : .grafana(403, "You do not have permissions to this organization")
    }

    private static var forbidden: StandInAnswer {
        .json(
            403,
            [
                "accessErrorId": "ACE0000000001", "title": "Access denied",
                "message": "You'll need additional permissions to perform this action.",
            ])
    }

    private static func rank(_ role: String) -> Int { ["Viewer", "Editor", "Admin"].firstIndex(of: role) ?? -1 }
}

/// One request, understood.
struct GrafanaCall {
    let request: StandInRequest
    /// What stands at the places of a route's `*`, decoded.
    let parameters: [String]
    /// Who asks.
    var login = ""
    /// The organisation acted in.
    let organization: Int

    init(_ request: StandInRequest, _ parameters: [String], organization: Int) {
        self.request = request
        self.parameters = parameters
        self.organization = organization
    }

    var body: JSONValue { request.json ?? .null }
    var id: Int { parameters.first.flatMap { Int($0) } ?? -1 }
    /// Whether what is written stays editable in the user interface: only the header's presence counts.
    var provenance: String { request.headers["x-disable-provenance"] == nil ? "api" : "" }

    func number(_ name: String, _ otherwise: Int) -> Int { request.query[name].flatMap { Int($0) } ?? otherwise }
}

struct GrafanaRoute: Sendable {
    enum Access: Sendable {
        case open, viewer, editor, admin, serverAdmin

        var role: String {
            switch self {
            case .open, .viewer, .serverAdmin: "Viewer"
            case .editor: "Editor"
            case .admin: "Admin"
            }
        }
    }

    typealias Answer = @Sendable (inout GrafanaState, GrafanaCall) -> StandInAnswer

    let method: String
    /// Of the whole path; `*` for anything.
    let segments: [String]
    let access: Access
    let answer: Answer

    /// - Parameter path: below `/api`, or from the root when it begins with "apis/".
    init(_ access: Access, _ method: String, _ path: String, _ answer: @escaping Answer) {
        self.method = method
        segments = (path.hasPrefix("apis/") ? "" : "api/").appending(path).split(separator: "/").map(String.init)
        self.access = access
        self.answer = answer
    }

    /// A call within the organisation of the caller, which is there.
    init(
        _ access: Access, in method: String, _ path: String,
        _ answer: @escaping @Sendable (inout GrafanaState, inout GrafanaOrganization, GrafanaCall) -> StandInAnswer
    ) {
        self.init(access, method, path) { state, call in
            guard var organization = state.organizations[call.organization] else {
                return .grafana(404, "Organization not found")
            }
            state.organizations[call.organization] = nil  // held here alone, so that it is changed in place
            let result = answer(&state, &organization, call)
            state.organizations[call.organization] = organization
            return result
        }
    }

    func fits(_ path: [String]) -> Bool { zip(segments, path).allSatisfy { $0 == "*" || $0 == $1 } }

    func parameters(_ path: [String]) -> [String] { zip(segments, path).filter { $0.0 == "*" }.map(\.1) }

    /// Literal paths before those with parameters.
    static let all = (accounts + folderRoutes + dashboardRoutes + dataSourceRoutes + alertingRoutes + contentRoutes)
        .sorted { $0.segments.count { $0 == "*" } < $1.segments.count { $0 == "*" } }
}

extension StandInAnswer {
    /// Grafana's body for what has no better one.
    static func grafana(_ status: Int, _ message: String) -> StandInAnswer {
        .json(status, ["message": .string(message)])
    }
}

extension Array {
    /// A page of it.
    /// - Parameter page: from 1.
    func page(_ page: Int, of size: Int) -> [Element] {
        Array(dropFirst(Swift.max(0, page - 1) * size).prefix(size))
    }
}
