package import BackupRepository
internal import Documents
internal import HTTP
internal import Platform

extension GrafanaSource {
    /// Checks every condition of an export, in every organisation.
    package func diagnose() async -> [Diagnosis] {
        do {
            return try await api.pool.run { try examine() }
        } catch {
            let words = (error as? GrafanaAPIError)?.asComponentError("read \(api.location)", role: Self.role)
            return [Diagnosis(of: "server", .failed, words.map { "\($0)" } ?? "\(error)")]
        }
    }

    private func examine() throws -> [Diagnosis] {
        let server = try GrafanaServer.survey(api)
        var findings = [
            Diagnosis(of: "server", .ok, "Grafana \(server.version ?? "(version hidden)") at \(api.location)"),
            server.isServerAdmin
                ? Diagnosis(of: "credentials", .ok, "a server admin's: \(server.organizations.count) organisations")
                : Diagnosis(
                    of: "credentials", .warning,
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
                        of: subject, mayJoin ? .ok : .failed,
                        mayJoin
                            ? "'\(login ?? "")' becomes a member during the export"
                            : "\(refusal.detail): the credentials need role Admin in it"
                                + (server.isServerAdmin ? ", or set `join_organizations: true`" : "")))
            } else {
                findings.append(Diagnosis(of: subject, .ok, "can be exported"))
                if let secrets = try diagnoseSecrets(of: header) {
                    findings.append(Diagnosis(of: "\(subject): contact points", secrets.0, secrets.1))
                }
            }
        }
        return findings
    }

    /// Checks that the secrets of contact points can be read. Nil if there are none.
    private func diagnoseSecrets(of organization: Int?) throws -> (Diagnosis.Verdict, String)? {
        let list = try api.perform(
            GrafanaRequest("GET", ["v1", "provisioning", "contact-points"], organization: organization))
        let points = list.isSuccess ? (try? list.json())?.array ?? [] : []
        let count = points.count { !OrganizationExport.secretFields(of: $0).isEmpty }
        guard count > 0 else { return nil }
        switch contactPointSecrets {
        case .never: return (.ok, "the secrets of \(count) are not backed up: `contact_point_secrets: never`")
        case .withheldUnencrypted:
            return (
                .warning,
                "the secrets of \(count) are not backed up, because the store is not encrypted: "
                    + ContactPointSecrets.advice
            )
        case .taken: break
        }
        let answer = try api.perform(OrganizationExport.decryption(in: organization))
        switch answer.status {
        case 200..<300: return (.ok, "the secrets of \(count) are backed up, encrypted")
        case 404:
            return (
                .warning,
                "the secrets of \(count) are not backed up: Grafana 10.1 and later show them, this one does not. Give "
                    + "them to a restore under `secrets:`"
            )
        default:
            return (
                .warning,
                "the secrets of \(count) are not backed up: Grafana answers \(answer.status); "
                    + ContactPointSecrets.permission
            )
        }
    }
}
