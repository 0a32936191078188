/// The daily word on the service level: each promise, kept or not, over the last 24 hours.
package struct ComplianceReport: Codable, Equatable, Sendable {
    package struct Entry: Codable, Equatable, Sendable {
        package var objective: ServiceLevel.Objective
        package var target: String
        /// Nil where it could not be measured.
        package var value: Double?
        package var unit: String
        package var isMet: Bool
        package var detail: String?
    }

    package var stack: String
    package var timestamp: String
    package var window: String
    package var isCompliant: Bool
    package var objectives: [Entry]

    /// Asks. Blocks.
    package init(_ level: ServiceLevel, stack: String, timestamp: String) {
        self.stack = stack
        self.timestamp = timestamp
        window = level.window
        objectives = ServiceLevel.Objective.allCases.map { objective in
            var entry = Entry(
                objective: objective, target: level.target(objective), unit: objective.unit, isMet: false)
            do {
                let (value, isMet) = try level.measure(objective)
                entry.value = value.isFinite ? value : nil
                entry.isMet = isMet
            } catch { entry.detail = "\(error)" }
            return entry
        }
        isCompliant = objectives.allSatisfy(\.isMet)
    }
}
