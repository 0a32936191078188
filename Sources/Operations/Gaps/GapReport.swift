import BackupRepository

/// What lives in the stack and is in no backup.
package struct GapReport: Encodable {
    package var gaps: [Row] = []
    /// What could not be asked, so that nothing is known about it.
    package var unknown: [Unknown] = []

    package struct Row: Encodable {
        var component: String
        var object: String
        var why: String
        var remedy: String

        init(_ component: String, _ gap: Gap) {
            self.component = component
            object = gap.object
            why = gap.why
            remedy = gap.remedy
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
        paragraphs += unknown.map { "\($0.component): could not be asked: \($0.reason)" }
        if unknown.isEmpty { paragraphs.append(gaps.isEmpty ? "no gap found" : "\(gaps.count) gaps") }
        return paragraphs.joined(separator: "\n")
    }
}
