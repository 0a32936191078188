package import Components
package import Documents
internal import Platform

/// The settings of an Alertmanager's canary. It has none.
package struct AlertmanagerCanarySettings: CanarySettings {
    package init() {}

    package static let keys: [Key<Self>] = []

    package func canary(in component: AlertmanagerComponent, _ context: ComponentContext) throws -> (any Canary)? {
        AlertmanagerCanary(api: try component.api(context), component: context.name, now: context.now)
    }
}

/// The canary in Alertmanager: one silence that matches no real alert, and whose comment is the value.
struct AlertmanagerCanary: Canary {
    /// The label that it matches. No alert has it.
    static let label = "dr_canary"
    /// Milliseconds until it ends: longer than a set is kept, because an ended silence is not restored.
    private static let lifetime = 3653 * 86_400_000

    let api: AlertmanagerAPI
    let component: String
    /// Milliseconds since 1970, for a server that does not report its time.
    let now: @Sendable () -> Int

    static func isCanary(_ silence: Silence) -> Bool { silence.matchers.contains { $0.name == label } }

    func write(_ value: String) throws -> Int {
        let list = try api.silences()
        let time = list.time ?? now()
        let present = own(list)
        var form: JSONValue = [
            "matchers": [Matcher(Self.label, component).json],
            // The server changes a silence in place only if its start is the same.
            "startsAt": present?.document["startsAt"] ?? .string(Instant.text(time.subtractingClamped(60_000))),
            "endsAt": .string(Instant.text(time.addingClamped(Self.lifetime))),
            "createdBy": "dr", "comment": .string(value),
        ]
        if let present { form["id"] = .string(present.id) }
        _ = try api.post(form)
        guard try values(around: time).contains(value) else {
            throw CheckFailure("-", "the canary's silence does not show the written value")
        }
        return time
    }

    func values(around time: Int) throws -> [String] { own(try api.silences()).map { [$0.comment] } ?? [] }

    private func own(_ list: SilenceList) -> Silence? {
        let time = list.time ?? now()
        return list.silences
            .filter { $0.matchers == [Matcher(Self.label, component)] && $0.state(at: time) != .expired }
            .min { $0.id < $1.id }
    }
}
