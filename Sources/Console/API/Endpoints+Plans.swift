import Operations
import Platform
import StackConfiguration

extension Endpoint {
    static let plans: [Endpoint] = [
        Endpoint(path: "/plan/list", about: "The document of `dr plan list`.", definition: "plan list") { site, _ in
            try site.answers.answer("plans") {
                try Output.json(PlanListing(site.session, try site.session.planLibrary()))
            }
        }
    ]

    static let retention: [Endpoint] = [
        Endpoint(
            path: "/retention/simulate",
            about: "The document of `dr retention simulate` for the configured policy, or for the given rules.",
            definition: "retention simulate",
            parameters: (RetentionSimulator.rules + RetentionSimulator.model).map { field in
                let bounds = "\"minimum\": \(field.range.lowerBound), \"maximum\": \(field.range.upperBound)"
                return Parameter(
                    name: field.name, about: "\(field.label), in \(field.unit).",
                    schema: "{\"type\": \"integer\", \(bounds)}")
            } + [
                Parameter(
                    name: "size", about: "Size of one full backup; by default that of the newest complete set.",
                    schema: "{\"type\": \"string\", \"pattern\": \"^\(RetentionSimulator.sizePattern)$\"}",
                    example: "20GiB"),
                Parameter(
                    name: "schedule", about: "The interval of the backups.",
                    schema: "{\"enum\": [\(RetentionSimulator.schedules.map { "\"\($0)\"" }.joined(separator: ", "))]}"),
            ]
        ) { site, routed in
            let request = routed.request
            for field in RetentionSimulator.rules + RetentionSimulator.model {
                _ = try site.number(field.name, of: request, in: field.range)
            }
            if let size = request.parameter("size"), RetentionSimulator.bytes(ofSize: size) == nil {
                throw PageFailure(400, "'size' takes a size such as 20GiB, up to 9999TiB")
            }
            if let schedule = request.parameter("schedule"), !RetentionSimulator.schedules.contains(schedule) {
                throw PageFailure(
                    400, "'schedule' takes one of \(RetentionSimulator.schedules.joined(separator: ", "))")
            }
            let simulator = site.simulator(request.query)
            let now = site.session.clock.seconds
            guard let result = try site.result(of: simulator, now: now) else {
                throw PageFailure.notFound("a policy without any rule keeps everything")
            }
            return try Output.json(result.report)
        }
    ]
}
