internal import Components

/// Counts the dashboards, or the data sources, in every organisation, compares with the set's count if there is one,
/// and fetches one of them completely, because a list alone shows little.
struct GrafanaObjects: RecoveryCheck {
    enum Kind { case dashboards, dataSources }

    private let kind: Kind
    private let subject: CheckedComponent
    private let api: GrafanaAPI

    init(_ kind: Kind, _ subject: CheckedComponent, api: GrafanaAPI) {
        self.kind = kind
        self.subject = subject
        self.api = api
    }

    var name: String { kind == .dashboards ? "grafana_dashboards" : "grafana_datasources" }
    var component: String? { subject.name }
    var target: String {
        expected == 0 ? "as in the set: none" : "at least \(expected ?? 1), one fetched"
    }

    /// The set's count; nil without a set, and for a set of a version that did not record a count of 0.
    private var expected: Int? {
        subject.facts?[kind == .dashboards ? "dashboards" : "data sources"].flatMap { Int($0) }
    }

    func measure() throws -> Measurement {
        var found: [(organization: Int?, uid: String)] = []
        for organization in try api.organizations().map({ $0?.id }) {
            let uids =
                kind == .dashboards ? try api.dashboards(organization) : try api.dataSources(organization)
            found += uids.map { (organization, $0) }
        }
        if expected == 0, found.isEmpty { return .passed("0", "none in the set, none here") }
        guard let first = found.first else { return .failed("0", "there are none") }
        let uid: String?
        switch kind {
        case .dashboards: uid = try api.dashboard(first.uid, first.organization)?.uid
        case .dataSources:
            uid = try api.dataSource(first.uid, first.organization)
        }
        guard let uid else { return .failed("\(found.count)", "'\(first.uid)' is in the list, and cannot be fetched") }
        guard uid == first.uid else {
            return .failed("\(found.count)", "'\(first.uid)' was requested, and the server returned another object")
        }
        return .judged(
            found.count >= (expected ?? 1), "\(found.count)",
            otherwise: "the set has \(expected ?? 1): the server has \(found.count)")
    }
}
