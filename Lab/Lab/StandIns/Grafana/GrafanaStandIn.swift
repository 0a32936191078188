internal import Documents
package import Foundation
internal import Synchronization

/// A stand-in for Grafana 9 to 13, written from the documentation of its API. It reproduces the behaviour that an
/// export and an import rely on, including its irregularities.
package final class GrafanaStandIn: Sendable {
    package let server: StandInServer
    private let backend: GrafanaBackend

    /// The contract for requests and responses.
    package static var contract: URL {
        Checkout.url("fixtures/contracts/grafana.json")
    }

    /// - Parameters:
    ///   - port: the port; nil for a free one.
    ///   - isChecked: false to skip the validation against the contract, for measurements.
    package init(_ state: GrafanaState, port: UInt16? = nil, isChecked: Bool = true) async throws {
        let backend = GrafanaBackend(state)
        self.backend = backend
        server = try await StandInServer(
            "grafana", port: port, contract: isChecked ? try APIContract(contentsOf: Self.contract) : nil
        ) { backend.answer($0) }
    }

    package var url: String { server.url }

    /// The current contents.
    package var state: GrafanaState { backend.state.withLock { $0 } }

    /// Changes the contents without the API.
    package func change(_ body: (inout GrafanaState) -> Void) { backend.state.withLock { body(&$0) } }
}

/// Authenticates, authorises and routes requests.
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
        /// The role in the requested organisation; nil if the caller is not a member.
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

/// A parsed request.
struct GrafanaCall {
    let request: StandInRequest
    /// The decoded values of a route's `*` segments.
    let parameters: [String]
    /// The login of the caller.
    var login = ""
    /// The organisation of the request.
    let organization: Int

    init(_ request: StandInRequest, _ parameters: [String], organization: Int) {
        self.request = request
        self.parameters = parameters
        self.organization = organization
    }

    var body: JSONValue { request.json ?? .null }
    var id: Int { parameters.first.flatMap { Int($0) } ?? -1 }
    /// The provenance of written objects. With the header, whatever its value, they stay editable in the user
    /// interface.
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
    /// The segments of the whole path; `*` matches any segment.
    let segments: [String]
    let access: Access
    let answer: Answer

    /// - Parameter path: a path below `/api`, or from the root if it begins with "apis/".
    init(_ access: Access, _ method: String, _ path: String, _ answer: @escaping Answer) {
        self.method = method
        segments = (path.hasPrefix("apis/") ? "" : "api/").appending(path).split(separator: "/").map(String.init)
        self.access = access
        self.answer = answer
    }

    /// Creates a route for calls within the caller's organisation, which must exist.
    init(
        _ access: Access, in method: String, _ path: String,
        _ answer: @escaping @Sendable (inout GrafanaState, inout GrafanaOrganization, GrafanaCall) -> StandInAnswer
    ) {
        self.init(access, method, path) { state, call in
            guard var organization = state.organizations[call.organization] else {
                return .grafana(404, "Organization not found")
            }
            state.organizations[call.organization] = nil  // a unique reference, so that it is changed in place
            let result = answer(&state, &organization, call)
            state.organizations[call.organization] = organization
            return result
        }
    }

    func fits(_ path: [String]) -> Bool { zip(segments, path).allSatisfy { $0 == "*" || $0 == $1 } }

    func parameters(_ path: [String]) -> [String] { zip(segments, path).filter { $0.0 == "*" }.map(\.1) }

    /// All routes; literal paths come before paths with parameters.
    static let all = (accounts + folderRoutes + dashboardRoutes + dataSourceRoutes + alertingRoutes + contentRoutes)
        .sorted { $0.segments.count { $0 == "*" } < $1.segments.count { $0 == "*" } }
}

extension StandInAnswer {
    /// Returns a response with Grafana's generic body.
    static func grafana(_ status: Int, _ message: String) -> StandInAnswer {
        .json(status, ["message": .string(message)])
    }
}

extension Array {
    /// Returns a page.
    /// - Parameter page: the number of the page, from 1.
    func page(_ page: Int, of size: Int) -> [Element] {
        Array(dropFirst(Swift.max(0, page - 1) * size).prefix(size))
    }
}
