import BackupRepository

/// What lives in the stack and is in no backup.
struct GapReport: Encodable {
    var gaps: [Row] = []
    /// What could not be asked, so that nothing is known about it.
    var unknown: [Unknown] = []

    struct Row: Encodable {
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

    struct Unknown: Encodable {
        var component: String
        var reason: String
    }

    var text: String {
        var paragraphs = gaps.map { gap in
            "\(gap.component): \(gap.object)\n    why: \(gap.why)\n    include: \(gap.remedy)"
        }
        paragraphs += unknown.map { "\($0.component): could not be asked: \($0.reason)" }
        if unknown.isEmpty { paragraphs.append(gaps.isEmpty ? "no gap found" : "\(gaps.count) gaps") }
        return paragraphs.joined(separator: "\n")
    }
}
