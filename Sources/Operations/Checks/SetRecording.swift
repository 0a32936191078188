import BackupRepository
import Foundation
import Platform
import RecoveryChecks
import StackConfiguration

/// What a backup does for the checks after a restore: leaves nonces before the capture, and asks after it. Neither is
/// ever the reason for a failed backup; what goes wrong is a warning.
struct SetRecording {
    let session: Session
    let output: Output

    private var settings: ChecksConfiguration { session.configuration.checks }

    /// Leaves a nonce in each component that takes part and has a place for one.
    func plantSentinels(in chosen: [ComponentConfiguration]) async -> [RecordedSentinel] {
        let names = Set(chosen.map(\.name))
        guard !names.isDisjoint(with: settings.sentinels.keys) else { return [] }
        let stack = CheckedStack(session)
        for name in names.intersection(settings.sentinels.keys).sorted()
        where !stack.sentinels.contains(where: { $0.component == name }) {
            let why = stack.components.first { $0.name == name }?.obstacle ?? "it has no 'url'"
            output.warn("no sentinel in '\(name)': \(why)")
        }
        let nonce = Nonce.make(at: Session.now())
        var planted: [RecordedSentinel] = []
        for sentinel in stack.sentinels where names.contains(sentinel.component) {
            do {
                let at = try await session.pool.run { try sentinel.plant(nonce) }
                planted.append(RecordedSentinel(component: sentinel.component, nonce: nonce, at: at))
            } catch { output.warn("no sentinel in '\(sentinel.component)': \(error)") }
        }
        return planted
    }

    /// Asks the stack what a restore of the set must answer, and keeps the answers with the set.
    func record(_ set: BackupSet, planted: [RecordedSentinel], in repository: Repository) async {
        let stack = CheckedStack(session)
        let isAsked =
            settings.record && stack.components.contains { $0.canBeAsked && set.components[$0.name] != nil }
        guard isAsked || !planted.isEmpty else { return }
        do {
            var answers: [RecordedAnswer] = []
            var omissions: [RecordedOmission] = []
            if isAsked {
                let stack = try await session.pool.run {
                    var held = stack
                    held.components.removeAll { set.components[$0.name] == nil }
                    try held.learn(from: RestoreSelection(set), in: repository)
                    return held
                }
                let record = try await Recorder(
                    stack, questions: questions(of: stack), pool: session.pool
                ).record()
                for warning in record.warnings { output.warn(warning) }
                answers = record.answers
                omissions = record.omissions
                let beyond = answers.dropFirst(RecordedMark.longestList)
                if !beyond.isEmpty {
                    output.warn("only \(RecordedMark.longestList) of \(answers.count) answers are recorded")
                    omissions += Dictionary(grouping: beyond, by: \.question.component).sorted { $0.key < $1.key }.map {
                        RecordedOmission(
                            component: $0.key, questions: $0.value.count,
                            reason: "beyond the \(RecordedMark.longestList) answers that are recorded with a set")
                    }
                }
            }
            let mark = RecordedMark(
                tool: Release.tool, set: set.name, answers: answers,
                sentinels: planted.filter { set.components[$0.component] != nil }, omissions: omissions)
            try await session.pool.run { _ = try Marks(repository).put(mark) }
        } catch { output.warn("nothing is recorded with set \(set.name), the backup is good: \(error)") }
    }

    /// The user's own, each at a moment that the set safely holds.
    private func questions(of stack: CheckedStack) -> [RecordedQuestion] {
        settings.queries.compactMap { query in
            guard let component = stack.components.first(where: { $0.name == query.component }),
                let watermark = component.watermark
            else { return nil }
            return RecordedQuestion(
                component.kind == "loki" ? .logQL : .promQL, of: component.name, query.query, tenant: query.tenant,
                from: Questions.moment(watermark))
        }
    }
}
