internal import Documents

/// A running watch: the request, and the changes that were sent.
struct KubernetesWatch: Sendable {
    struct Refusal: Error {
        var answer: StandInAnswer
    }

    fileprivate let target: KubernetesTarget
    fileprivate let filter: KubernetesCluster.Filter
    fileprivate var version: Int
    /// Events to send before the changes after ``version``.
    fileprivate var first: [JSONValue] = []
    /// True if the watch ends with an error.
    fileprivate(set) var hasFailed = false
}

extension KubernetesCluster {
    mutating func startWatch(_ request: StandInRequest) -> Result<KubernetesWatch, KubernetesWatch.Refusal> {
        settle()
        func failure(_ answer: StandInAnswer) -> Result<KubernetesWatch, KubernetesWatch.Refusal> {
            .failure(KubernetesWatch.Refusal(answer: answer))
        }
        guard !isTokenExpired else { return failure(.kubernetes(401, "Unauthorized", "Unauthorized")) }
        guard let target = KubernetesTarget(request.segments, among: resources) else {
            return failure(.kubernetes(404, "NotFound", "the server could not find the requested resource"))
        }
        if let refusal = refusal(request, target) ?? complaint(request, target) { return failure(refusal) }
        let from = request.query["resourceVersion"].flatMap { Int($0) } ?? 0
        let wantsBookmark = request.query["sendInitialEvents"] == "true"
        var watch = KubernetesWatch(target: target, filter: Filter(request, target), version: version)
        if wantsBookmark || from == 0 {
            watch.first = selected(request, target).map { ["type": "ADDED", "object": shown($0.key, target)] }
            if wantsBookmark { watch.first.append(bookmark(target)) }
        } else {
            watch.version = from
        }
        return .success(watch)
    }

    /// Marks the end of the existing objects.
    private func bookmark(_ target: KubernetesTarget) -> JSONValue {
        [
            "type": "BOOKMARK",
            "object": [
                "kind": .string(target.resource.kind), "apiVersion": .string(target.apiVersion),
                "metadata": ["resourceVersion": "\(version)", "annotations": ["k8s.io/initial-events-end": "true"]],
            ],
        ]
    }

    /// Returns the events since the last call.
    mutating func next(of watch: inout KubernetesWatch) -> [JSONValue] {
        settle()
        let first = watch.first
        watch.first = []
        guard watch.version < version else { return first }
        guard watch.version >= oldestChange || watch.version == 0 else {
            watch.hasFailed = true
            let message = "too old resource version: \(watch.version) (\(oldestChange))"
            let status = StandInAnswer.kubernetes(410, "Expired", message)
            return first + [["type": "ERROR", "object": (try? JSONValue(parsing: status.body)) ?? .null]]
        }
        // The changes are in the order of their versions.
        let start = changes.lastIndex { $0.version <= watch.version }.map { $0 + 1 } ?? 0
        watch.version = version
        return first + changes[start...].compactMap { event(of: $0, for: watch) }
    }

    private func event(of change: KubernetesChange, for watch: KubernetesWatch) -> JSONValue? {
        guard change.key.resource == watch.target.resource else { return nil }
        let fits = watch.filter.fits(change.key, change.object)
        let didFit = change.before.map { watch.filter.fits(change.key, $0) } ?? false
        guard fits || didFit else { return nil }
        // An object that no longer matches the selector is deleted for this watch.
        let type = !fits ? "DELETED" : !didFit && change.type == "MODIFIED" ? "ADDED" : change.type
        return ["type": .string(type), "object": form(change.object, watch.target)]
    }
}
