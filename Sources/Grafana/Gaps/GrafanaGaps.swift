package import BackupRepository
internal import Documents
internal import HTTP
internal import Platform

/// Contents of a Grafana that its export skips: objects that these credentials do not see, objects without an API to
/// export them by, and secrets that Grafana does not show.
package struct GrafanaGaps: GapFinder {
    private let api: GrafanaAPI
    private let joins: Bool
    private let secrets: Set<String>

    /// - Parameters:
    ///   - joins: true if an export may enter organisations that its user is not a member of.
    ///   - secrets: names under `secrets:` of the component.
    package init(api: GrafanaAPI, joins: Bool, secrets: Set<String>) {
        self.api = api
        self.joins = joins
        self.secrets = secrets
    }

    package func gaps(_ surroundings: GapSurroundings) async throws -> [Gap] {
        do {
            let seen = try await api.pool.run { try look() }
            return seen + withheld(surroundings.withheld)
        } catch let error as GrafanaAPIError {
            throw error.asComponentError("gaps of \(api.location)", role: GrafanaSource.role)
        }
    }

    // MARK: On the server

    private func look() throws -> [Gap] {
        let server = try GrafanaServer.survey(api)
        var gaps: [Gap] = []
        if !server.isServerAdmin {
            gaps.append(
                Gap(
                    "all organisations but '\(server.organizations.first?.name ?? "")', and the users' accounts",
                    why: "these credentials are bound to one organisation, and do not show if there are others",
                    remedy: "give this component `username:` and `password:` of a server admin"))
        }
        var snapshots = 0
        for organization in server.organizations {
            let header = server.isServerAdmin ? organization.id : nil
            if let refusal = try GrafanaServer.refusal(api, organization: header) {
                guard !joins else { continue }
                gaps.append(
                    Gap(
                        "organisation '\(organization.name)' (\(organization.id))",
                        why: "it refuses these credentials: \(refusal.detail)",
                        remedy: "make the user an Admin of it, or set `join_organizations: true`"))
                continue
            }
            snapshots += try count(["dashboard", "snapshots"], header)
        }
        if snapshots > 0 {
            gaps.append(
                Gap(
                    "\(snapshots) dashboard snapshots",
                    why: "shared links to them do not work without them",
                    remedy: "back up Grafana's database as well, if the links must survive it"))
        }
        let plugins = try installedPlugins(server)
        if !plugins.isEmpty {
            gaps.append(
                Gap(
                    "\(plugins.count) plugins: \(Gap.list(plugins))",
                    why: "data sources and panels of these plugins do not work without them",
                    remedy: "list them in the image or in the provisioning that Grafana is installed from"))
        }
        return gaps
    }

    /// The number of items in a list; 0 if this version, or this role, has no such list.
    private func count(_ path: [String], _ organization: Int?) throws -> Int {
        let answer = try api.perform(
            GrafanaRequest("GET", path, query: [("limit", "5000")], organization: organization))
        return answer.isSuccess ? try answer.json().array?.count ?? 0 : 0
    }

    private func installedPlugins(_ server: GrafanaServer) throws -> [String] {
        let answer = try api.perform(
            GrafanaRequest(
                "GET", ["plugins"], query: [("embedded", "0"), ("core", "0")],
                organization: server.isServerAdmin ? server.organizations.first?.id : nil))
        guard answer.isSuccess else { return [] }
        return (try answer.json().array ?? []).filter { $0["signature"]?.text != "internal" }
            .compactMap { $0["id"]?.text }.sorted()
    }

    // MARK: In the newest backup

    private func withheld(_ all: [Withheld]) -> [Gap] {
        let missing = all.flatMap { object in
            object.secrets.filter { !secrets.contains($0) }.map { (object: object.object, secret: $0) }
        }
        guard !missing.isEmpty else { return [] }
        let objects = missing.reduce(into: [String]()) { if $0.last != $1.object { $0.append($1.object) } }
        return [
            Gap(
                "\(missing.count) secrets of \(Gap.list(objects))",
                why: "Grafana did not show them to the backup: after a restore these objects do not work",
                remedy: (missing.contains { $0.secret.hasPrefix("contact-point/") }
                    ? "a backup into an encrypted store (`store: recipients:`) holds those of contact points; "
                    : "")
                    + "add them to `secrets:` of this component, as {env: NAME} or {file: PATH}: "
                    + Gap.list(missing.map(\.secret), most: 12))
        ]
    }
}
