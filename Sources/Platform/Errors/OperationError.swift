/// An error in the one shape that `dr` shows.
///
/// On standard error it reads `PLACE: DETAIL`, then a line `hint: …`. `--json` prints its parts as members.
package protocol OperationError: Error, CustomStringConvertible {
    /// The stable word that `--json` prints as `reason`: "not_found". Scripts test it; docs/output.md lists all of them.
    var reasonCode: String { get }
    /// The operation that failed and the object that it is about.
    var place: ErrorPlace { get }
    /// The cause, without secrets.
    var detail: String { get }
    /// The advice to the operator: often a command to run.
    var hint: String? { get }
}

extension OperationError {
    package var hint: String? { nil }

    package var description: String {
        let text = place.text.isEmpty ? detail : "\(place.text): \(detail)"
        return hint.map { "\(text)\nhint: \($0)" } ?? text
    }
}

/// The beginning of an error's message: the operation that failed, its object, or both.
package struct ErrorPlace: Equatable, Sendable {
    /// A verb or an action, if known: "put", "snapshot of http://localhost:9090".
    package var operation: String?
    /// The file, key, component or program, if known.
    package var object: String?
    /// Both, as the message spells them; empty if the message has only a detail.
    package var text: String

    /// - Parameter text: nil for the operation, then the object.
    package init(operation: String? = nil, object: String? = nil, text: String? = nil) {
        self.operation = operation
        self.object = object
        self.text = text ?? [operation, object].compactMap(\.self).joined(separator: " ")
    }
}
