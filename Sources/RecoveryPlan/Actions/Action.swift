package import Documents
package import Components

/// One kind of thing that a step can do: `run`, `http`, `restore` … Each is a type of its own.
package protocol Action: Equatable, Sendable {
    /// The key in a plan.
    static var keyword: String { get }
    /// How it is written there.
    static var shape: Shape<Self> { get }
    /// Whether it only looks: fit for `verify`, and for a second look by a resumed run.
    static var isCondition: Bool { get }
    /// Whether this one only looks; for kinds of action that may or may not.
    var changesNothing: Bool { get }

    /// What it would do, with real values, touching nothing.
    func preview(in context: ActionContext) async throws -> ActionPreview
    /// Does it.
    /// - Returns: what is worth recording: never a secret, at most a few lines.
    /// - Throws: ``ActionError`` when it failed or, for a condition, when that does not hold; `CancellationError`.
    func perform(in context: ActionContext) async throws -> ActionRecord
}

extension Action {
    package var changesNothing: Bool { Self.isCondition }
}

/// An action of any kind, and where it is written.
package struct AnyAction: Equatable, Sendable {
    package var action: any Action
    package var location: Location

    package init(_ action: any Action, location: Location) {
        self.action = action
        self.location = location
    }

    package var keyword: String { type(of: action).keyword }

    package static func == (left: Self, right: Self) -> Bool {
        func equal<A: Action>(_ action: A) -> Bool { action == right.action as? A }
        return left.location == right.location && equal(left.action)
    }
}

/// What an action would do.
package struct ActionPreview: Codable, Equatable, Sendable {
    /// A line each: "restore prometheus from set 20261123T020000Z to /prometheus".
    package var lines: [String]
    /// Bytes that would be moved, where they are known.
    package var bytes: Int?

    package init(_ lines: [String], bytes: Int? = nil) {
        self.lines = lines
        self.bytes = bytes
    }
}

/// What an action did, for the journal.
package struct ActionRecord: Codable, Equatable, Sendable {
    /// One line for people.
    package var summary: String
    package var facts: [String: String]
    /// For `restore`.
    package var restored: RestoredComponent?
    /// For `check`.
    package var checks: [CheckResult]?

    package init(
        _ summary: String, facts: [String: String] = [:], restored: RestoredComponent? = nil,
        checks: [CheckResult]? = nil
    ) {
        self.summary = summary
        self.facts = facts
        self.restored = restored
        self.checks = checks
    }
}

/// A step's action that failed.
package struct ActionError: Error, Equatable, CustomStringConvertible {
    package enum Reason: String, Codable, Equatable, Sendable {
        case failed
        /// A postcondition or a check does not hold.
        case notSo
        /// Trying again cannot help.
        case hopeless
        /// The backup that was to be restored is damaged.
        case damaged
    }

    package var reason: Reason
    /// What was attempted, on which object.
    package var operation: String
    package var detail: String
    package var hint: String?

    package init(_ reason: Reason, _ operation: String, _ detail: String, hint: String? = nil) {
        self.reason = reason
        self.operation = operation
        self.detail = detail
        self.hint = hint
    }

    package var description: String { "\(operation): \(detail)\(hint.map { "\nhint: \($0)" } ?? "")" }
}
