internal import FoundationEssentials
internal import Platform

/// The address of a dashboard of schema v2, which Grafana 12 and later name in the refusal of the older interface.
enum ResourceAddress {
    /// - Parameter words: "dashboard api version not supported, use
    ///   /apis/dashboard.grafana.app/v2/namespaces/default/dashboards/x instead".
    /// - Returns: "apis" and the segments after it; nil if the words have no such address, or that of another object.
    static func segments(in words: String, of uid: String) -> [String]? {
        guard let start = words.firstRange(of: "/apis/dashboard.grafana.app/")?.lowerBound else { return nil }
        let path = words[start...].prefix { !$0.isWhitespace && !"\"'`,;?".contains($0) }
        // A request encodes the segments again.
        let segments = path.split(separator: "/").map { PercentEncoding.decode($0) ?? String($0) }
        guard segments.count == 7, segments[3] == "namespaces", segments[5] == "dashboards", segments[6] == uid else {
            return nil
        }
        return segments
    }
}
