internal import BackupRepository
internal import Documents

/// The tree of notification policies, which the API replaces completely: routes that only the target has would be lost.
extension OrganizationContent {
    private static let routeFields = [
        "receiver", "group_by", "object_matchers", "matchers", "match", "match_re", "mute_time_intervals",
        "active_time_intervals", "group_wait", "group_interval", "repeat_interval", "continue",
    ]

    /// - Parameter absent: contact points that could not be created.
    func importPolicies(_ absent: Set<String>) async throws {
        try await run.settle(
            "notification policies", document: "\(organization.folder)/notification-policies.json"
        ) { _ in
            "of organisation '\(organization.name)'"
        } _: {
            try await planPolicies($0, absent)
        }
    }

    private func planPolicies(_ document: JSONValue, _ absent: Set<String>) async throws -> Plan {
        let path = ["v1", "provisioning", "policies"]
        let current = try await read(path)
        if let current, Self.alike(document, current), Self.hasOrigin(document, current) { return .same }
        let missing = Self.receivers(of: document).intersection(absent).sorted()
        guard missing.isEmpty else {
            throw Obstacle.failed(
                "needs contact points that do not exist: \(missing.map { "'\($0)'" }.joined(separator: ", "))")
        }
        if let current { try Self.checkOrigin(current) }
        let lost = current.map { Self.lost($0, document) } ?? []
        guard lost.isEmpty || run.request.replaces else {
            throw Obstacle.conflict(
                "the target has routes that the backup lacks, and they would be lost: \(lost.joined(separator: ", ")); "
                    + "--replace removes them")
        }
        let details = lost.isEmpty ? [] : ["removes the routes \(lost.joined(separator: ", "))"]
        let plan = { () async throws -> [String] in
            try await write(
                "PUT", path, body: document.removing(["provenance"]), headers: Self.headers(document, current))
            return []
        }
        return current == nil ? .create(details, apply: plan) : .update(details, apply: plan)
    }

    // MARK: Trees

    static func alike(_ first: JSONValue, _ second: JSONValue) -> Bool {
        let (routes, others) = (first["routes"]?.array ?? [], second["routes"]?.array ?? [])
        return Likeness.alike(first, second, members: routeFields) && routes.count == others.count
            && zip(routes, others).allSatisfy(alike)
    }

    private static func receivers(of route: JSONValue) -> Set<String> {
        (route["routes"]?.array ?? []).reduce(into: [route.text("receiver")]) { $0.formUnion(receivers(of: $1)) }
    }

    /// Routes of the target without a counterpart in the backup, by their matchers.
    private static func lost(_ current: JSONValue, _ document: JSONValue) -> [String] {
        let wanted = document["routes"]?.array ?? []
        return (current["routes"]?.array ?? []).flatMap { route -> [String] in
            let matching = ["object_matchers", "matchers", "match", "match_re"]
            guard let same = wanted.first(where: { Likeness.alike($0, route, members: matching) }) else {
                return [described(route)]
            }
            return lost(route, same)
        }
    }

    private static func described(_ route: JSONValue) -> String {
        let matchers = (route["object_matchers"]?.array ?? []).map { matcher in
            (matcher.array ?? []).compactMap(\.text).joined()
        }
        return "{\(matchers.joined(separator: ", "))} to '\(route.text("receiver"))'"
    }
}
