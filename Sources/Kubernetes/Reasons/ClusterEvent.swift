internal import Documents

/// A warning that a controller or a kubelet recorded about an object.
struct ClusterEvent: Equatable, Sendable {
    var kind: String
    var name: String
    var reason: String
    var message: String
    /// The time of its last occurrence in RFC 3339, which sorts as text.
    var time: String

    /// Reads an object of the core API's kind `Event`.
    init(_ object: JSONValue) {
        let subject = object["involvedObject"] ?? object["regarding"]
        kind = subject?["kind"]?.text ?? ""
        name = subject?["name"]?.text ?? ""
        reason = object["reason"]?.text ?? ""
        message = object["message"]?.text ?? object["note"]?.text ?? ""
        let times = [
            object["series"]?["lastObservedTime"], object["lastTimestamp"], object["eventTime"],
            object["metadata"]?["creationTimestamp"],
        ]
        time = times.lazy.compactMap { $0?.text }.first ?? ""
    }

    /// The message and the reason in one line: "0/3 nodes are available: … (FailedScheduling)".
    var line: String { "\(Self.oneLine(message)) (\(reason))" }

    private static let longestMessage = 400

    static func oneLine(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.count > longestMessage ? words.prefix(longestMessage) + "…" : words
    }
}

extension [ClusterEvent] {
    /// The newest warning about one of these objects.
    func newest(_ kind: String, where isMeant: (String) -> Bool) -> ClusterEvent? {
        filter { $0.kind == kind && isMeant($0.name) }.max { $0.time < $1.time }
    }
}
