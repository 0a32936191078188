package import Documents
import BackupRepository
import FoundationEssentials
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

    /// The folder in which plans run programs: the folder of `dr.yaml`, or the current one if a new machine lacks it.
    package var programFolder: String {
        recorded == nil || FileManager.default.fileExists(atPath: folder)
            ? folder : FileManager.default.currentDirectoryPath
    }

    /// The plans of the configured folder, else of `plans` beside `dr.yaml`, and the built-in plans.
    package func planLibrary() throws(DocumentError) -> PlanLibrary {
        if let recorded {
            return PlanLibrary(
                texts: recorded.plans.map { (file: "plans/\($0.file)", text: $0.text) }, shipped: ShippedPlan.all,
                folder: folder)
        }
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
