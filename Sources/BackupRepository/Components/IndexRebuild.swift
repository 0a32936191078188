/// The result of building a component's index again from its data.
package struct IndexRebuild: Codable, Equatable, Sendable {
    /// The parts of the data that the index lists, such as chunks.
    package var chunks = 0
    /// The series or streams that they belong to.
    package var series = 0
    /// The written index files.
    package var files = 0
    /// The parts that the index does not list, because they are damaged, with the reasons.
    package var damage: [Damage] = []
    /// The path of the index that the new one replaced.
    package var previous: String?
    /// Advice for the operator before the server's start.
    package var advice: [String] = []

    package init() {}
}
