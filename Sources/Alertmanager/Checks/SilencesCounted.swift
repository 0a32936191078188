internal import Components

/// Counts the silences of a server against those of the set that have not ended by now.
struct SilencesCounted: RecoveryCheck {
    let name = "alertmanager_silences"
    private let subject: CheckedComponent
    private let api: AlertmanagerAPI

    init(_ subject: CheckedComponent, _ api: AlertmanagerAPI) {
        self.subject = subject
        self.api = api
    }

    var component: String? { subject.name }
    var target: String { subject.facts == nil ? "readable" : "all silences of the set that have not ended" }

    func measure() throws -> Measurement {
        let list = try api.silences()
        let now = list.time ?? subject.context.now()
        let states = list.silences.map { $0.state(at: now) }
        let count = states.count { $0 != .expired }
        let measured = "\(states.count { $0 == .active }) active, \(states.count { $0 == .pending }) pending"
        guard list.defects.isEmpty else {
            return .failed(measured, "\(list.defects.count) silences cannot be read: \(list.defects[0].reason)")
        }
        guard let facts = subject.facts else { return .passed(measured) }
        let expected = SilenceEnds(fact: facts[SilenceEnds.fact]).remaining(at: now)
        if expected == 0 { return .passed(measured, "every silence of the set has ended by now, or it has none") }
        return .judged(
            count >= expected, measured,
            otherwise: "the set has \(expected) that have not ended; the server has \(count)")
    }
}
