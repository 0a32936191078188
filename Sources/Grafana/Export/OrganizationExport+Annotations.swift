internal import BackupRepository
internal import Documents

extension OrganizationExport {
    func exportAnnotations() throws {
        let walk = AnnotationWalk { window, limit in
            try whole(
                ["annotations"],
                query: [
                    ("from", String(window.lowerBound)), ("to", String(window.upperBound)), ("limit", String(limit)),
                    ("type", "annotation"),
                ])
        }
        try walk.run(over: annotations) { annotation in
            // No client can write the annotations that alerts write.
            guard (annotation["alertId"]?.integer ?? 0) == 0, let number = annotation["id"]?.integer,
                let time = annotation["time"]?.integer
            else { return }
            try write("annotations/\(GrafanaDocument.day(time))/\(number).json", GrafanaDocument.annotation(annotation))
            findings.count("annotations")
        }
    }
}

/// Reads annotations, whose list has no pages: the server returns the newest of a window of time, up to a limit. A full
/// window is halved.
struct AnnotationWalk {
    /// The server's answer for a window in milliseconds since 1970: all annotations that overlap it, at most so many.
    let ask: (_ window: ClosedRange<Int>, _ limit: Int) throws -> [JSONValue]

    /// The limit of the first request.
    static let limit = 1000
    static let greatestLimit = 64_000

    /// Calls `body` once for each annotation.
    func run(over range: ClosedRange<Int>, _ body: (JSONValue) throws -> Void) throws {
        var seen: Set<Int> = []
        var open: [(window: ClosedRange<Int>, limit: Int)] = [(range, Self.limit)]
        while let (window, limit) = open.popLast() {
            let found = try ask(window, limit)
            for annotation in found {
                guard let id = annotation["id"]?.integer, seen.insert(id).inserted else { continue }
                try body(annotation)
            }
            guard found.count >= limit else { continue }
            let middle = window.lowerBound + (window.upperBound - window.lowerBound) / 2
            // Halving does not help with annotations that span the middle, nor within one millisecond.
            let spanning = found.count {
                ($0["time"]?.integer ?? 0) <= middle && ($0["timeEnd"]?.integer ?? 0) > middle
            }
            if window.lowerBound == window.upperBound || spanning * 2 > found.count {
                guard limit < Self.greatestLimit else {
                    throw GrafanaAPIError(
                        .refused, operation: "GET annotations",
                        "more than \(limit) of them span the same moment, \(middle) ms after 1970")
                }
                open.append((window, limit * 4))
            } else {
                open.append((window.lowerBound...middle, limit))
                open.append((middle + 1...window.upperBound, limit))
            }
        }
    }
}
