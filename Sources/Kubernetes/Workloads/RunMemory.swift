/// The values that a run remembers in its journal, so that a resumed run finds them.
package struct RunMemory: Sendable {
    private let recalling: @Sendable (String) -> String?
    private let remembering: @Sendable (String, String) throws -> Void

    /// A memory without a journal: it keeps nothing.
    package init() {
        recalling = { _ in nil }
        remembering = { _, _ in }
    }

    /// - Parameters:
    ///   - recall: returns the last value of a name.
    ///   - remember: writes a value durably, before the change that it describes.
    package init(
        recall: @escaping @Sendable (_ name: String) -> String?,
        remember: @escaping @Sendable (_ name: String, _ value: String) throws -> Void
    ) {
        recalling = recall
        remembering = remember
    }

    package func recall(_ name: String) -> String? { recalling(name) }

    package func remember(_ name: String, _ value: String) throws { try remembering(name, value) }
}
