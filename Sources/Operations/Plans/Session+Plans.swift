package import Documents
import Foundation
import Components
package import RecoveryPlan
import ShippedPlans
import StackConfiguration

extension PlanReview {
    /// What a plan that came with the program is for and this stack has not. One of the user's own is meant for this
    /// stack: there it is a mistake.
    package func lacking(of entry: PlanLibrary.Entry) -> [String] { entry.isBuiltIn ? lacking : [] }
}

extension Session {
    /// Absolute path of the folder of `dr.yaml`: relative paths in plans start there.
    package var folder: String { URL(filePath: file).absoluteURL.deletingLastPathComponent().standardizedFileURL.path }

    /// The plans of the configuration's folder, else of `plans` beside `dr.yaml`; and the program's own.
    package func planLibrary() throws(DocumentError) -> PlanLibrary {
        let beside = "\(folder)/plans"
        let isThere = FileManager.default.fileExists(atPath: beside)
        return try PlanLibrary(
            plans: configuration.plans ?? (isThere ? beside : nil), shipped: ShippedPlan.all, folder: folder)
    }

    /// What a plan's references may stand for.
    package func planScope(
        _ purpose: PlanScope.Purpose, overrides: [String: String] = [:], run: String? = nil, set: String? = nil
    ) -> PlanScope {
        let components = configuration.components.map { ($0.name, $0.settings.plainSettings) }
        return PlanScope(
            purpose, stack: configuration.stack, overrides: overrides,
            components: Dictionary(components) { $1 }, run: run, set: set)
    }

    /// What a plan meets when it is run here.
    package func planSurroundings() -> PlanReview.Surroundings {
        PlanReview.Surroundings(
            components: configuration.components.map(\.name), checks: self.checks.names,
            environment: ProcessInfo.processInfo.environment, folder: folder, rto: configuration.objectives.rto)
    }
}
