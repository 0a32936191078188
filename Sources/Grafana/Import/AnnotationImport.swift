internal import BackupRepository
internal import Documents
internal import Platform

extension OrganizationContent {
    /// The members that identify an annotation: the API gives it a new number each time.
    private struct Likeable: Hashable {
        var time: Int
        var end: Int
        var dashboard: String
        var panel: Int
        var text: String
        var tags: [String]

        init(_ value: JSONValue) {
            time = value["time"]?.integer ?? 0
            let end = value["timeEnd"]?.integer ?? 0
            self.end = end == 0 ? time : end
            dashboard = value.text("dashboardUID")
            panel = value["panelId"]?.integer ?? 0
            text = value.text("text")
            tags = (value["tags"]?.array ?? []).compactMap(\.text).sorted()
        }
    }

    /// Day by day, so that only one day's annotations are in memory.
    func importAnnotations() async throws {
        for day in try await run.tree.entries(of: "\(organization.folder)/annotations") {
            var documents: [(path: String, value: JSONValue)] = []
            for path in try await run.tree.documents(in: day) {
                if let document = try await run.document("annotation", path) { documents.append((path, document)) }
            }
            let times = documents.map { Likeable($0.value).time }
            guard let first = times.min(), let last = times.max() else { continue }
            var present: [Likeable: Int] = [:]
            for annotation in try await run.reading({ try await annotations(from: first, to: last) }) {
                present[Likeable(annotation), default: 0] += 1
            }
            for (_, document) in documents {
                let key = Likeable(document)
                let isThere = present[key] ?? 0 > 0
                if isThere { present[key, default: 0] -= 1 }
                try await settleAnnotation(document, key: key, isThere: isThere)
            }
        }
    }

    private func settleAnnotation(_ document: JSONValue, key: Likeable, isThere: Bool) async throws {
        let id = document["id"]?.integer.map { "\($0)" } ?? "?"
        let title = String(key.text.prefix { !$0.isNewline }.prefix(60))
        var tries = 0
        try await run.settle(
            "annotation", named: organization.naming("\(title)' (id \(id) in the backup) at '\(key.time)")
        ) {
            if isThere { return .same }
            tries += 1
            // An answer was lost: the annotation that it made is the only one of its kind, unless the backup has
            // duplicates.
            if tries > 1, try await annotations(from: key.time, to: key.time).contains(where: { Likeable($0) == key }) {
                return .same
            }
            return .create {
                try await write(
                    "POST", ["annotations"],
                    body: document.keeping(["dashboardUID", "panelId", "time", "timeEnd", "tags", "text", "data"]))
                return []
            }
        }
    }

    /// Annotations that begin in a span, the ends included; milliseconds since 1970.
    private func annotations(from first: Int, to last: Int) async throws -> [JSONValue] {
        guard let target else { return [] }
        return try await server.api.pool.run {
            let walk = AnnotationWalk { window, limit in
                let query = [("from", window.lowerBound), ("to", window.upperBound), ("limit", limit)]
                    .map { (name: $0.0, value: String($0.1)) }
                let request = GrafanaRequest(
                    "GET", ["annotations"], query: query + [("type", "annotation")], organization: target)
                return try server.api.value(request).array ?? []
            }
            var found: [JSONValue] = []
            try walk.run(over: first...last) { annotation in
                // An annotation that began before the span belongs to another day.
                if (first...last).contains(annotation["time"]?.integer ?? first) { found.append(annotation) }
            }
            return found
        }
    }
}
