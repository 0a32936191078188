/// A check of a health endpoint: one request that must return status 200.
package struct StatusCheck: RecoveryCheck {
    package let name: String
    package let component: String?
    private let server: CheckedServer
    private let path: String
    package var target: String { "HTTP 200" }

    package init(_ name: String, component: String?, server: CheckedServer, path: String) {
        self.name = name
        self.component = component
        self.server = server
        self.path = path
    }

    package func measure() throws -> Measurement {
        let began = ContinuousClock.now
        let answer = try server.get(path)
        var measurement = Measurement.judged(
            answer.status == 200, "HTTP \(answer.status)", otherwise: "GET \(path): \(answer.excerpt)")
        (measurement.status, measurement.milliseconds) =
            (answer.status, (ContinuousClock.now - began) / .milliseconds(1))
        return measurement
    }
}
