package import Documents
internal import Components

/// Runs checks: `check: [prometheus_ready]`, or `check: {names: [...], within: 5m}`. Those that are critical must pass.
package struct CheckAction: Action {
    package static let keyword = "check"
    package static let isCondition = true

    package var names: [String] = []
    var polling = Polling(every: .seconds(5))

    package init() {}

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        let limit = polling.within.map { ", again every \(polling.every) for at most \($0)" } ?? ""
        return ActionPreview(["check \(names.joined(separator: ", "))\(limit)"])
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        try await polling.runIfTimed(in: context) { try await ask(context) }
    }

    private func ask(_ context: ActionContext) async throws -> ActionRecord {
        let results = await context.services.check(names, in: context.run)
        try Task.checkCancellation()
        let failed = results.filter { $0.verdict == .failed }
        let critical = failed.filter(\.isCritical)
        guard critical.isEmpty else {
            let list = critical.map { "\($0.name): \($0.measured), not \($0.target)" }.joined(separator: "; ")
            throw ActionError(.notSo, "check \(names.joined(separator: ", "))", list, hint: critical[0].detail)
        }
        if let nothing = results.reasonForNoProof {
            throw ActionError(
                .hopeless, "check \(names.joined(separator: ", "))", nothing,
                hint: "name checks that this stack can make; `dr check` shows which it skips")
        }
        let passed = results.filter { $0.verdict == .passed }.count
        let warned = failed.isEmpty ? "" : "; not critical: \(failed.map(\.name).joined(separator: ", ")) failed"
        return ActionRecord("\(passed) of \(results.count) checks passed\(warned)", checks: results)
    }
}

extension CheckAction: Section {
    package static let keys: [Key<Self>] = [
        Key("names", \.names, .oneOrMore(.identifier), required: true, "Which checks; `dr check --list` knows them."),
        Key("every", \.polling.every, .period, "How often to ask; 5s when left out."),
        Key("within", \.polling.within, .period, "Ask again until they pass, for so long; once when left out."),
    ]

    package static let shape = Shape<Self>.short(.oneOrMore(.identifier), orSection: Self.self) { names in
        var action = CheckAction()
        action.names = names
        return action
    }
}
