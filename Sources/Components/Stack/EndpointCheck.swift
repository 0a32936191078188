internal import FoundationEssentials
internal import Platform

/// A component's health endpoint, as configured.
struct EndpointCheck: RecoveryCheck {
    let name = "endpoints"
    var component: String? { endpoint.name }
    private let endpoint: CheckedStack.Endpoint
    var isCritical: Bool { endpoint.isCritical }
    var timeLimit: Duration? { endpoint.timeLimit }
    var target: String { "HTTP \(endpoint.status)" + (endpoint.text.map { ", '\($0)'" } ?? "") }

    init(_ endpoint: CheckedStack.Endpoint) { self.endpoint = endpoint }

    func measure() throws -> Measurement {
        let began = ContinuousClock.now
        let answer = try endpoint.server.get("")
        let milliseconds = (ContinuousClock.now - began) / .milliseconds(1)
        let measured = "HTTP \(answer.status) in \(Int(clamping: milliseconds)) ms"
        var measurement = Measurement.passed(measured)
        if answer.status != endpoint.status {
            measurement = .failed(measured, answer.excerpt)
        } else if let text = endpoint.text, !String(decoding: answer.body, as: UTF8.self).contains(text) {
            measurement = .failed(measured, "the response does not contain '\(text)'")
        }
        (measurement.status, measurement.milliseconds) = (answer.status, milliseconds)
        return measurement
    }
}
