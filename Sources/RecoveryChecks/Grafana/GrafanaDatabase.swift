internal import Documents

/// Whether Grafana reaches its database: `/api/health` says so with 200 on some versions, also when it does not.
struct GrafanaDatabase: RecoveryCheck {
    let name = "grafana_database_ok"
    let component: String?
    let server: CheckedServer
    var target: String { "database: ok" }

    func measure() throws -> Measurement {
        let answer = try server.get("/api/health")
        guard let word = (try? JSONValue(parsing: answer.body))?["database"]?.text else {
            return .failed("HTTP \(answer.status)", "/api/health says nothing of the database: \(answer.excerpt)")
        }
        return .judged(word == "ok" && answer.status == 200, "database: \(word)", "HTTP \(answer.status)")
    }
}
