internal import Components
internal import Documents

/// Checks that every target of a Prometheus answers its scrapes.
struct TargetsUp: RecoveryCheck {
    let name = "targets_up"
    var component: String? { subject.name }
    private let subject: CheckedComponent
    private let api: PrometheusAPI
    var target: String { "all targets up" }

    init(_ subject: CheckedComponent, _ api: PrometheusAPI) {
        self.subject = subject
        self.api = api
    }

    func measure() throws -> Measurement {
        let targets = try api.activeTargets()
        if targets.isEmpty, subject.facts?["scrape pools"] == "0" {
            return .passed("0", "the server of the set had nothing to scrape either")
        }
        guard !targets.isEmpty else {
            return .failed("no target", "the server scrapes nothing: check that its configuration is restored")
        }
        let down = targets.filter { $0["health"]?.text != "up" }
        let names = down.prefix(5).map { target in
            let labels = target["labels"]
            let reason = target["lastError"]?.text.flatMap { $0.isEmpty ? nil : $0 } ?? "not scraped yet"
            return "\(labels?["job"]?.text ?? "?")/\(labels?["instance"]?.text ?? "?"): \(reason)"
        }
        let more = down.count > 5 ? "; and \(down.count - 5) more" : ""
        return .judged(
            down.isEmpty, "\(targets.count - down.count) of \(targets.count) up",
            otherwise: names.joined(separator: "; ") + more)
    }
}
