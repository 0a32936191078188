package import BackupRepository
internal import Documents
internal import HTTP
internal import Logging
internal import Platform

/// Exports a running Grafana through its API: every organisation, one document an object.
///
/// The documents are kept between runs, so that objects that did not change in Grafana do not change in the backup.
package struct GrafanaSource: ComponentSource {
    package static let kind = "grafana"

    let api: GrafanaAPI
    /// The user of basic authentication.
    let login: String?
    private let annotationDays: Int
    let joinsOrganizations: Bool
    let contactPointSecrets: ContactPointSecrets
    private let now: @Sendable () -> Int

    /// - Parameters:
    ///   - login: the user of basic authentication; nil for a token.
    ///   - joins: true if that user, a server admin, may become a member of organisations during the export.
    ///   - annotationDays: the age of the oldest annotations to export, in days.
    ///   - contactPointSecrets: the treatment of secrets that Grafana shows.
    ///   - now: milliseconds since 1970.
    package init(
        api: GrafanaAPI, login: String?, joins: Bool = false, annotationDays: Int = 90,
        contactPointSecrets: ContactPointSecrets = .never, now: @escaping @Sendable () -> Int
    ) {
        self.api = api
        self.login = login
        joinsOrganizations = joins
        // A century exceeds the age of any Grafana, and no arithmetic with it overflows.
        self.annotationDays = min(annotationDays, 36_525)
        self.contactPointSecrets = contactPointSecrets
        self.now = now
    }

    var operation: String { "export of \(api.location)" }
    static let role = "role Admin in the organisation, or a server admin's user name and password for all of them"

    package func capture(_ context: CaptureContext) async throws -> any Capture {
        let tree = try await api.pool.run {
            SecretsLayer.removeLeftovers(in: context.state)
            return try DocumentTree(in: context.state, run: context.run)
        }
        do {
            return try await export(into: tree, context)
        } catch {
            try? await api.pool.run { try tree.release() }
            throw (error as? GrafanaAPIError)?.asComponentError(operation, role: Self.role) ?? error
        }
    }

    private func export(into tree: DocumentTree, _ context: CaptureContext) async throws -> GrafanaCapture {
        let findings = ExportFindings()
        let guests = OrganizationGuests(api: api, login: login, state: context.state)
        await guests.leaveLeftovers()
        let server = try await api.pool.run { try GrafanaServer.survey(api) }
        if server.isServerAdmin {
            try await exportUsers(into: tree, findings)
        } else {
            findings.warn(
                "these credentials have access to organisation '\(server.organizations[0].name)' only: other "
                    + "organisations, and the users' accounts, are not in this backup; "
                    + "a server admin's user name and password show all")
        }
        for organization in server.organizations {
            try await export(organization, of: server, into: tree, findings: findings, guests: guests)
        }
        try await api.pool.run {
            try tree.write("grafana.json", summary(server, findings.state).document)
            try tree.removeTheRest()
        }
        if server.isServerAdmin {
            // Read at the end, so that objects that were deleted meanwhile do not count.
            compare(await api.pool.run { GrafanaServer.statistics(api) }, findings)
        }
        await remember(findings, in: context.state)
        let state = findings.state
        for (kind, count) in state.vanished.sorted(by: { $0.key < $1.key }) {
            findings.warn("\(count) of the \(kind) that were listed were deleted before they were read")
        }
        warnOfSecrets(state, findings)
        // Last, so that no later failure leaves them behind.
        let secrets = try await api.pool.run {
            state.secrets.isEmpty ? nil : try SecretsLayer(state.secrets, in: context.state, run: context.run)
        }
        return GrafanaCapture(
            tree: tree, facts: facts(server, state), warnings: findings.state.warnings,
            withheld: state.withheld.sorted { $0.path < $1.path }, damage: state.damage, secrets: secrets,
            pool: api.pool)
    }

    private func warnOfSecrets(_ state: ExportFindings.State, _ findings: ExportFindings) {
        if state.unencrypted > 0 {
            findings.warn(
                "the secrets of \(state.unencrypted) contact points are not in this backup, because the store is not "
                    + "encrypted: \(ContactPointSecrets.advice)")
        }
        for (organization, reason) in state.refusals.sorted(by: { $0.key < $1.key }) {
            findings.warn(
                "secrets of contact points of organisation '\(organization)' are not in this backup: \(reason); "
                    + ContactPointSecrets.permission)
        }
    }

    // MARK: Users

    private func exportUsers(into tree: DocumentTree, _ findings: ExportFindings) async throws {
        let users = try await api.pool.run {
            try api.list(["users", "search"], GrafanaAPI.ListShape(["users"])) { "\($0["id"]?.integer ?? 0)" }
        }
        let ids = users.compactMap { user in
            user["id"]?.integer.flatMap { id in user["login"]?.text.map { (id: id, login: $0) } }
        }
        try await ids.concurrentForEach(limit: OrganizationExport.width) { id, login in
            try await api.pool.run {
                let path = "users/\(DocumentTree.name(for: login)).json"
                do {
                    let user = try api.value(GrafanaRequest("GET", ["users", String(id)]))
                    let isExternal = user["isExternal"]?.bool == true || user["authLabels"]?.array?.isEmpty == false
                    try tree.write(
                        path,
                        GrafanaDocument.picked(
                            user,
                            ["login", "email", "name", "isGrafanaAdmin", "isDisabled", "isExternal", "authLabels"]
                        ).document)
                    findings.count("users")
                    guard !isExternal else { return }
                    findings.withhold(
                        Withheld(path: path, object: "user '\(login)'", secrets: ["user/\(login)/password"]))
                } catch let error as GrafanaAPIError where error.reason == .notFound {
                    findings.hasVanished("users")
                } catch let error as GrafanaAPIError where error.reason != .unreachable {
                    findings.damage(path, "\(error)")
                }
            }
        }
    }

    // MARK: One organisation

    private func export(
        _ organization: GrafanaServer.Organization, of server: GrafanaServer, into tree: DocumentTree,
        findings: ExportFindings, guests: OrganizationGuests
    ) async throws {
        let header = server.isServerAdmin ? organization.id : nil
        let own = ExportFindings()
        let end = now() + 366 * 86_400_000
        let start = (now() / 86_400_000 - annotationDays) * 86_400_000
        var export = OrganizationExport(
            api: api, tree: tree, findings: own, id: organization.id, name: organization.name, header: header,
            isServerAdmin: server.isServerAdmin, annotations: max(start, 1)...end, secrets: contactPointSecrets)
        if let refusal = try await api.pool.run({ try GrafanaServer.refusal(api, organization: header) }) {
            guard try await enter(&export, after: refusal, findings: findings, guests: guests) else { return }
        }
        do {
            try await export.run()
            findings.merge(own)
        } catch is OrganizationExport.Vanished {
            forget(organization, in: tree, findings: findings)
        } catch {
            await guests.leave(organization.id)
            throw error
        }
        await guests.leave(organization.id)
    }

    /// Decides about an organisation that refuses these credentials.
    /// - Returns: true if it can be exported now.
    private func enter(
        _ export: inout OrganizationExport, after refusal: GrafanaAPIError, findings: ExportFindings,
        guests: OrganizationGuests
    ) async throws -> Bool {
        guard refusal.reason == .forbidden || refusal.reason == .unauthorized else { throw refusal }
        guard export.isServerAdmin else {
            throw ComponentError(
                .misconfigured, operation: operation, "\(refusal)",
                hint: "the credentials need role Admin in organisation '\(export.name)'; they have a lower one")
        }
        let id = export.id
        let isGone = try await api.pool.run {
            try api.perform(GrafanaRequest("GET", ["orgs", String(id)])).status == 404
        }
        guard !isGone else {
            forget(.init(id: export.id, name: export.name), in: export.tree, findings: findings)
            return false
        }
        if joinsOrganizations, try await guests.join(export.id) {
            export.guest = login
            return true
        }
        findings.damage(
            export.folder,
            "organisation '\(export.name)' refuses these credentials: \(refusal); make '\(login ?? "the user")' "
                + "a member of it with role Admin, or set `join_organizations: true`")
        return false
    }

    private func forget(
        _ organization: GrafanaServer.Organization, in tree: DocumentTree, findings: ExportFindings
    ) {
        tree.forget(below: "organizations/\(organization.id)")
        findings.warn("organisation '\(organization.name)' (\(organization.id)) was deleted during the export")
    }

    // MARK: Summing up

    private func summary(_ server: GrafanaServer, _ state: ExportFindings.State) -> JSONValue {
        [
            "version": server.version.map { .string($0) } ?? .null,
            "organizations": JSONValue(state.counts["organizations"] ?? 0),
            "counts": .object(state.counts.mapValues { JSONValue($0) }),
            "isComplete": .bool(server.isServerAdmin && state.damage.isEmpty),
            "notKnownToThisVersion": .array(state.absent.sorted().map { .string($0) }),
        ]
    }

    private func facts(_ server: GrafanaServer, _ state: ExportFindings.State) -> [String: String] {
        var facts = ["url": api.location, "version": server.version ?? "hidden"]
        for (kind, count) in state.counts { facts[kind] = String(count) }
        facts["seen as"] = server.isServerAdmin ? "server admin" : "one organisation's admin"
        if !state.secrets.isEmpty { facts["contact point secrets"] = String(state.secrets.count) }
        if !state.absent.isEmpty { facts["not offered"] = state.absent.sorted().joined(separator: ", ") }
        return facts
    }

    /// Lists silently omit objects that the credentials cannot see: the server's counts show it.
    private func compare(_ statistics: [String: Int], _ findings: ExportFindings) {
        let counts = findings.state.counts
        for (kind, name) in [("dashboards", "dashboards"), ("data sources", "datasources"), ("users", "users")] {
            guard let there = statistics[name] else { continue }
            let here = counts[kind] ?? 0
            // The server's number may be any number.
            if here < there - there / 10, there > 0 {
                findings.warn("the server counts \(there) \(kind), and this export has \(here) of them")
            }
        }
    }

    /// Compares with the previous export, and stores the counts of this one for the next.
    private func remember(_ findings: ExportFindings, in folder: String) async {
        let file = ExportCounts(folder: folder)
        let counts = findings.state.counts
        await api.pool.run {
            for (kind, before) in file.read().sorted(by: { $0.key < $1.key }) where before >= 10 {
                let here = counts[kind] ?? 0
                if here * 2 < before {
                    findings.warn("the previous export had \(before) \(kind), this one has \(here)")
                }
            }
            file.write(counts)
        }
    }
}
