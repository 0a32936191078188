import Components
import Documents
import FoundationEssentials
import HTTP
import Metrics
package import Platform
import StackConfiguration

/// The ways by which metrics leave the program. Each has a time limit, and its failure is only a warning.
struct MetricsExport {
    let configuration: MetricsConfiguration
    let stack: String
    let pool: BlockingPool

    /// Replaces the textfile in one step, so that a scrape never reads a part of it: on a full disk the old one stays.
    /// - Returns: the problem; nil if it was written.
    func writeTextfile(_ families: [MetricFamily]) -> String? {
        guard let path = configuration.textfile else { return nil }
        // `dr ready` has its own file, and the collector refuses a series in two files.
        let others = families.filter { family in !MetricDefinition.ofReadiness.contains { $0.name == family.name } }
        do {
            // The exporter's user may own the folder, so a symbolic link of that user is not followed.
            try OutputFile.write(
                [UInt8](MetricText.text(others).utf8), to: path, mode: 0o644, links: .refuse)
            return nil
        } catch { return "\(MetricsError(path: path, detail: FileFailure.text(error)))" }
    }

    /// Sends the metrics to the Pushgateway and to the collector, both at the same time.
    /// - Returns: the problems.
    func push(_ families: [MetricFamily], began: Int, now: Int) async -> [String] {
        let pushes = [pushgateway(families), otlp(families, began: began, now: now)].compactMap { $0 }
        return await withTaskGroup(of: String?.self) { group in
            for push in pushes { group.addTask { await push.send(on: pool) } }
            return await group.reduce(into: []) { problems, problem in
                if let problem { problems.append(problem) }
            }.sorted()
        }
    }

    /// https://github.com/prometheus/pushgateway#put-method
    private func pushgateway(_ families: [MetricFamily]) -> MetricsPush? {
        guard let settings = configuration.pushgateway else { return nil }
        let grouping = Data(stack.utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        let request = HTTPRequest(
            "PUT",
            "\(settings.access.url)/metrics/job/\(settings.job)/stack@base64/\(grouping.isEmpty ? "=" : grouping)",
            headers: [(name: "Content-Type", value: MetricText.Format.prometheus.contentType)],
            body: .text(MetricText.text(families)))
        return MetricsPush(name: "pushgateway", access: settings.access, limit: settings.timeout, request: request)
    }

    private func otlp(_ families: [MetricFamily], began: Int, now: Int) -> MetricsPush? {
        guard let settings = configuration.otlp else { return nil }
        let url = settings.access.url
        let document = OTLPMetrics.request(
            families, resource: ["service.name": "dr", "service.instance.id": stack], version: Release.version,
            start: began, now: now)
        let request = HTTPRequest(
            "POST", url.hasSuffix("/v1/metrics") ? url : "\(url)/v1/metrics",
            headers: [(name: "Content-Type", value: "application/json")], body: .bytes(document.compact))
        return MetricsPush(
            name: "otlp", access: settings.access, headers: settings.headers, limit: settings.timeout,
            request: request)
    }
}

/// One push.
struct MetricsPush: Sendable {
    let name: String
    let access: HTTPAccess
    var headers: [String: Secret] = [:]
    let limit: Period
    let request: HTTPRequest

    /// - Returns: the problem; nil if the receiver accepted the metrics.
    func send(on pool: BlockingPool) async -> String? {
        await pool.run { problem() }
    }

    private func problem() -> String? {
        do {
            let environment = ProcessInfo.processInfo.environment
            var options = try HTTPOptions(access, environment: environment, userAgent: Release.userAgent)
            options.connectTimeout = min(options.connectTimeout, limit.duration)
            options.stallTimeout = limit.duration
            var request = request
            request.stallTimeout = limit.duration
            request.answerTimeout = limit.duration
            request.totalTimeout = limit.duration * 2
            for (name, secret) in headers.sorted(by: { $0.key < $1.key }) {
                request.headers.append((name: name, value: try secret.resolve(environment: environment)))
            }
            let (response, body) = try HTTPClient(options).send(request, limit: 64 << 10)
            guard !response.isSuccess else { return rejection(body) }
            let text = String(decoding: body.prefix(500), as: UTF8.self).split(whereSeparator: \.isNewline).first
            return "metrics: \(name): HTTP \(response.status)\(text.map { ": \($0.prefix(200))" } ?? "")".printable
        } catch { return "metrics: \(name): \(error)" }
    }

    /// A collector can accept a request and refuse a part of it.
    private func rejection(_ body: [UInt8]) -> String? {
        guard let partial = try? JSONValue(parsing: body)["partialSuccess"],
            let rejected = partial["rejectedDataPoints"]?.integer, rejected > 0
        else { return nil }
        let reason = partial["errorMessage"]?.text.map { ": \($0.prefix(200))" } ?? ""
        return "metrics: \(name): the collector refused \(Units.count(rejected, "data point"))\(reason)".printable
    }
}

package struct MetricsError: OperationError {
    package var path: String
    package var detail: String
    package var reasonCode: String { "file_error" }
    package var place: ErrorPlace { ErrorPlace(object: path, text: "metrics '\(path)' cannot be written") }
}
