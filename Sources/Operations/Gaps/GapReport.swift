import BackupRepository

/// The data of the stack that no backup holds.
package struct GapReport: Encodable {
    package var gaps: [Row] = []
    /// The components whose query failed.
    package var unknown: [Unknown] = []

    package struct Row: Encodable {
        var component: String
        var object: String
        var why: String
        var remedy: String

        /// - Parameter isInPod: true if the component's server runs in a pod.
        init(_ component: String, _ gap: Gap, isInPod: Bool = false) {
            self.component = component
            why = gap.why
            guard isInPod, gap.isInFiles else {
                (object, remedy) = (gap.object, gap.remedy)
                return
            }
            object = "\(gap.object) (in the server's pod)"
            remedy =
                "back up the ConfigMaps, Secrets or volumes that the pod mounts there, or the repository of kind git that "
                + "they come from: the files are not on this machine"
        }
    }

    package struct Unknown: Encodable {
        var component: String
        var reason: String
    }

    package var text: String {
        var paragraphs = gaps.map { gap in
            "\(gap.component): \(gap.object)\n    why: \(gap.why)\n    include: \(gap.remedy)"
        }
        paragraphs += unknown.map { "\($0.component): query failed: \($0.reason)" }
        if unknown.isEmpty { paragraphs.append(gaps.isEmpty ? "no gap found" : "\(gaps.count) gaps") }
        return paragraphs.joined(separator: "\n")
    }
}
