internal import Components
internal import Documents
internal import HTTP

/// Checks that Grafana reaches its database: on some versions `/api/health` answers 200 even if it does not.
struct GrafanaDatabase: RecoveryCheck {
    let name = "grafana_database_ok"
    let component: String?
    let api: GrafanaAPI
    var target: String { "database: ok" }

    func measure() throws -> Measurement {
        let answer = try api.perform(GrafanaRequest("GET", ["health"]))
        guard let word = answer.document?["database"]?.text else {
            return .failed("HTTP \(answer.status)", "/api/health does not report the database: \(answer.excerpt)")
        }
        return .judged(word == "ok" && answer.status == 200, "database: \(word)", otherwise: "HTTP \(answer.status)")
    }
}
