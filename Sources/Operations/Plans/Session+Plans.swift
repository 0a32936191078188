package import Documents
import Foundation
import Components
package import RecoveryPlan
import ShippedPlans
import StackConfiguration

extension PlanReview {
    /// The components that a built-in plan needs and this stack does not have. In the user's own plan, which is meant
    /// for this stack, a missing component is an error.
    package func lacking(of entry: PlanLibrary.Entry) -> [String] { entry.isBuiltIn ? lacking : [] }
}

extension Session {
    /// The absolute path of the folder of `dr.yaml`; relative paths in plans start there.
    package var folder: String { URL(filePath: file).absoluteURL.deletingLastPathComponent().standardizedFileURL.path }

    /// The plans of the configured folder, else of `plans` beside `dr.yaml`, and the built-in plans.
    package func planLibrary() throws(DocumentError) -> PlanLibrary {
        let beside = "\(folder)/plans"
        let isThere = FileManager.default.fileExists(atPath: beside)
        return try PlanLibrary(
            plans: configuration.plans ?? (isThere ? beside : nil), shipped: ShippedPlan.all, folder: folder)
    }

    /// The values of a plan's references.
    package func planScope(
        _ purpose: PlanScope.Purpose, overrides: [String: String] = [:], run: String? = nil, set: String? = nil
    ) -> PlanScope {
        let components = configuration.components.map { ($0.name, $0.settings.plainSettings) }
        return PlanScope(
            purpose, stack: configuration.stack, overrides: overrides,
            components: Dictionary(components) { $1 }, run: run, set: set)
    }

    /// The environment of a plan on this machine.
    package func planSurroundings() -> PlanReview.Surroundings {
        PlanReview.Surroundings(
            components: configuration.components.map(\.name), checks: self.checks.names,
            environment: ProcessInfo.processInfo.environment, folder: folder, rto: configuration.objectives.rto)
    }
}
