package import BackupRepository
internal import Components
internal import Documents

extension RecordedQuery.Language {
    /// The uids of an organisation's dashboards.
    package static let dashboards = Self(rawValue: "dashboards")
    /// One dashboard's model.
    package static let dashboard = Self(rawValue: "dashboard")
}

/// The recorded queries of a Grafana: its dashboards, and the model of each.
struct GrafanaRecorder: QueryRecorder {
    let component: String
    let reading: GrafanaReading

    func derived() throws -> [RecordedQuery] {
        var queries: [RecordedQuery] = []
        for organization in try reading.organizations() {
            let tenant = organization?.name
            queries.append(RecordedQuery(.dashboards, of: component, "all", tenant: tenant))
            queries += try reading.dashboards(organization?.id).map {
                RecordedQuery(.dashboard, of: component, $0, tenant: tenant)
            }
        }
        return queries
    }

    func result(of query: RecordedQuery) throws -> QueryOutcome {
        let organization = try query.tenant.map { try reading.number(of: $0) }
        switch query.language {
        case .dashboards:
            let uids = try reading.dashboards(organization).filter { $0 != GrafanaCanary.uid }
            return QueryOutcome(
                .array(uids.map { .string($0) }), text: QueryOutcome.count(uids.count, "dashboard"))
        case .dashboard:
            guard let dashboard = try reading.dashboard(query.text, organization) else {
                return QueryOutcome(.null, text: "no such dashboard", isEmpty: true)
            }
            return QueryOutcome(dashboard.model, text: "'\(dashboard.title)'")
        default: throw CheckFailure.unknownLanguage(of: query)
        }
    }
}
