internal import Blocking
package import Repository

extension GrafanaSource {
    /// Asks all that an export needs, of every organisation.
    package func diagnose() async -> [Diagnosis] {
        do {
            return try await api.pool.run { try examine() }
        } catch {
            let words = (error as? GrafanaAPIError)?.asComponentError("look at \(api.location)", role: Self.role)
            return [Diagnosis("server", .failed, words.map { "\($0)" } ?? "\(error)")]
        }
    }

    private func examine() throws -> [Diagnosis] {
        let server = try GrafanaServer.survey(api)
        var findings = [
            Diagnosis("server", .ok, "Grafana \(server.version ?? "(version hidden)") at \(api.location)"),
            server.isServerAdmin
                ? Diagnosis("credentials", .ok, "a server admin's: \(server.organizations.count) organisations")
                : Diagnosis(
                    "credentials", .warning,
                    "those of one organisation: other organisations and the users' accounts are not backed up; "
                        + "a server admin's user name and password show all"),
        ]
        for organization in server.organizations {
            let header = server.isServerAdmin ? organization.id : nil
            let subject = "organisation '\(organization.name)'"
            if let refusal = try GrafanaServer.refusal(api, organization: header) {
                let mayJoin = server.isServerAdmin && joinsOrganizations
                findings.append(
                    Diagnosis(
                        subject, mayJoin ? .ok : .failed,
                        mayJoin
                            ? "'\(login ?? "")' is made a member for the time of the export"
                            : "\(refusal.detail): the credentials need role Admin in it"
                                + (server.isServerAdmin ? ", or set `join_organizations: true`" : "")))
            } else {
                findings.append(Diagnosis(subject, .ok, "can be exported"))
            }
        }
        return findings
    }
}
