package import Documents
package import Components
package import Platform

/// An action of a step: `run`, `http`, `restore` … Each kind is a separate type.
package protocol Action: Equatable, Sendable {
    /// The key in a plan.
    static var keyword: String { get }
    /// The syntax of the value in a plan.
    static var shape: Shape<Self> { get }
    /// True if the kind can be read-only: usable in `verify`, and repeatable by a resumed run.
    static var isCondition: Bool { get }
    /// True if this action is read-only, for kinds that can be either.
    var changesNothing: Bool { get }

    /// Describes the action with its real values, without any effect.
    func preview(in context: ActionContext) async throws -> ActionPreview
    /// Performs the action.
    /// - Returns: a record for the journal: a few lines at most, without secrets.
    /// - Throws: ``ActionError`` if it fails or, for a condition, if the condition does not hold; `CancellationError`.
    func perform(in context: ActionContext) async throws -> ActionRecord
}

extension Action {
    package var changesNothing: Bool { Self.isCondition }
}

/// An action of any kind, with its location.
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

/// A preview of an action.
package struct ActionPreview: Codable, Equatable, Sendable {
    /// One line for each operation: "restore metrics from set 20261123T020000Z to /data".
    package var lines: [String]
    /// The bytes to move, if they are known.
    package var bytes: Int?

    package init(_ lines: [String], bytes: Int? = nil) {
        self.lines = lines
        self.bytes = bytes
    }
}

/// The result of an action, for the journal.
package struct ActionRecord: Codable, Equatable, Sendable {
    /// One line for display.
    package var summary: String
    package var facts: [String: String]
    /// The restored component, of a `restore`.
    package var restored: RestoredComponent?
    /// The results, of a `check`.
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

/// The failure of an action.
package struct ActionError: OperationError, Equatable {
    package enum Reason: String, Codable, Equatable, Sendable {
        case failed
        /// A postcondition or a check does not hold.
        case notSo
        /// Another attempt cannot succeed.
        case hopeless
        /// The backup to restore is damaged.
        case damaged
    }

    package var reason: Reason
    /// The operation and its object.
    package var operation: String
    package var detail: String
    package var hint: String?

    package init(_ reason: Reason, operation: String, _ detail: String, hint: String? = nil) {
        self.reason = reason
        self.operation = operation
        self.detail = detail
        self.hint = hint
    }

    package var reasonCode: String {
        switch reason {
        case .failed, .notSo: "step_failed"
        case .hopeless: "step_hopeless"
        case .damaged: "step_damaged"
        }
    }
    package var place: ErrorPlace { ErrorPlace(operation: operation) }
}
