internal import BackupRepository
internal import Documents
internal import Platform

/// The canary: one silence that matches no real alert, whose comment is written anew before each backup.
package struct Canary: Sendable {
    /// The label that it matches. No alert has it.
    package static let label = "dr_canary"
    /// Of the end from now on: longer than any set is kept. An ended silence is not restored.
    private static let days = 3653

    private let api: AlertmanagerAPI
    private let component: String

    package init(api: AlertmanagerAPI, component: String) {
        self.api = api
        self.component = component
    }

    static func isCanary(_ silence: Silence) -> Bool { silence.matchers.contains { $0.name == label } }

    /// Writes a text into the comment, in place where the canary is there already. Blocks.
    /// - Parameter now: milliseconds since 1970, for a server that does not tell its own time.
    package func write(_ text: String, now: Int) throws {
        let list = try api.silences()
        let time = list.time ?? now
        let present = own(list, at: time)
        var form: JSONValue = [
            "matchers": [Matcher(Self.label, component).json],
            // The server changes a silence in place only where its start is the same.
            "startsAt": present?.document["startsAt"] ?? .string(Instant.text(time)),
            "endsAt": .string(Instant.text(time.addingClamped(Self.days * 86_400_000))),
            "createdBy": "dr", "comment": .string(text),
        ]
        if let present { form["id"] = .string(present.id) }
        _ = try api.post(form)
        guard try read(now: now).contains(text) else {
            throw ComponentError(
                .other, "write the canary of \(api.location)", "the silence does not show its new text")
        }
    }

    /// The texts in it: none where there is no canary. Blocks.
    package func read(now: Int) throws -> [String] {
        let list = try api.silences()
        return own(list, at: list.time ?? now).map { [$0.comment] } ?? []
    }

    private func own(_ list: SilenceList, at time: Int) -> Silence? {
        list.silences.filter { $0.matchers == [Matcher(Self.label, component)] && $0.state(at: time) != .expired }
            .min { $0.id < $1.id }
    }
}
