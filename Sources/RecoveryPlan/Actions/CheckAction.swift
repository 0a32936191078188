package import Documents
internal import Components

/// Runs checks: `check: [data_equality]`, or `check: {names: [...], within: 5m}`. Critical checks must pass.
package struct CheckAction: Action {
    package static let keyword = "check"
    package static let isCondition = true

    package var names: [String] = []
    var polling = Polling(every: .seconds(5))

    package init() {}

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        let limit = polling.within.map { ", every \(polling.every) for up to \($0)" } ?? ""
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
            throw ActionError(
                .notSo, operation: "check \(names.joined(separator: ", "))", list, hint: critical[0].detail)
        }
        if let nothing = results.reasonForNoProof {
            throw ActionError(
                .hopeless, operation: "check \(names.joined(separator: ", "))", nothing,
                hint: "choose checks that this stack supports; `dr check` shows the skipped ones")
        }
        let passed = results.filter { $0.verdict == .passed }.count
        let warned = failed.isEmpty ? "" : "; non-critical checks failed: \(failed.map(\.name).joined(separator: ", "))"
        return ActionRecord("\(passed) of \(results.count) checks passed\(warned)", checks: results)
    }
}

extension CheckAction: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "names", \.names, as: .oneOrMore(.identifier), required: true,
            about: "Names of checks, as `dr check --list` shows them."),
        Key("every", \.polling.every, as: .period, about: "Interval between attempts (default: 5s)."),
        Key(
            "within", \.polling.within, as: .period,
            about: "Time to repeat the checks until they pass (default: run them once)."),
    ]

    package static let shape = Shape<Self>.short(.oneOrMore(.identifier), orSection: Self.self) { names in
        var action = CheckAction()
        action.names = names
        return action
    }
}
