import ArgumentParser
import Operations
import Platform

/// The options of the commands that can take the configuration and the plans from a backup set.
struct RecordedStackOptions: ParsableArguments {
    @Option(
        name: .long,
        help: """
            With --store and --scenario: YAML file whose values replace those of the recorded dr.yaml: other paths, \
            servers, or places of secrets. A null removes a key.
            """,
        completion: .file())
    var configOverlay: String?

    @Flag(
        name: .long,
        help: """
            With --store and without --trust: run the recorded plan, although nothing proves who wrote it. A plan can \
            run any program.
            """)
    var allowUnsignedPlan = false

    var isGiven: Bool { configOverlay != nil || allowUnsignedPlan }

    /// Returns the session that a set's configuration describes.
    /// - Parameters:
    ///   - session: a session that knows the address of the store only.
    ///   - sections: the sections of the configuration whose secrets are needed.
    func session(
        _ scenario: String, at selector: SetSelector, in session: Session, needing sections: [String],
        recoveryKey: String?, allowsClear: Bool = false, isPreview: Bool = false
    ) async throws -> Session {
        guard !session.trust.isEmpty || allowUnsignedPlan else {
            throw UsageError(
                "the plan and the configuration come from the store, and nothing proves who wrote them: they can name any program",
                hint: "add --trust FINGERPRINT, with the fingerprint from the recovery kit; --allow-unsigned-plan runs "
                    + "the plan without proof")
        }
        let stack = try await RecordedStack(selector, in: session, recoveryKey: recoveryKey, allowsClear: allowsClear)
        Output(options: session.options).note("the configuration and the plans are those of set \(stack.set)")
        let recorded = try stack.session(overlay: configOverlay, needing: sections, isPreview: isPreview)
        try stack.review(scenario, in: recorded)
        return recorded
    }
}
