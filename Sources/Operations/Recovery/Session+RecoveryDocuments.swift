import BackupRepository
import Cryptography
import Documents
import FoundationEssentials
import RecoveryPlan

/// The configuration and the plans that each backup set holds.
extension Session {
    /// Returns the encoded `dr.yaml` and plans without secrets for a set; nil if a set must do without them.
    /// - Parameter warn: called with the reason if the set does not hold all of them. They never fail a backup.
    func recoveryMember(warn: (String) -> Void) -> String? {
        guard !isWithoutConfiguration, recorded == nil else { return nil }
        do {
            guard let member = try recoveryDocuments(warn: warn).encoded() else {
                warn(
                    "dr.yaml and the plans are larger than \(RecoveryDocuments.mostBytes >> 10) KiB when compressed, so "
                        + "the backup set does not hold them\nhint: keep a copy of them in another place")
                return nil
            }
            return member
        } catch {
            warn("the backup set does not hold dr.yaml and the plans: \(error)")
            return nil
        }
    }

    private func recoveryDocuments(warn: (String) -> Void) throws -> RecoveryDocuments {
        let environment = ProcessInfo.processInfo.environment
        let configuration = try SecretRemoval.text(of: YAMLDocument(reading: file), environment: environment)
        var removed = configuration.removed
        let library = try planLibrary()
        for complaint in library.complaints { warn("a plan is not in the backup set: \(complaint)") }
        var plans: [RecoveryDocuments.Plan] = []
        for entry in library.entries where !entry.isBuiltIn {
            let name = URL(filePath: entry.text.file).lastPathComponent
            let plan = try SecretRemoval.text(
                of: YAMLDocument(entry.text.text, file: "plans/\(name)", folder: folder), environment: environment)
            plans.append(RecoveryDocuments.Plan(file: name, text: plan.text))
            removed += plan.removed.map { "plans/\(name): \($0)" }
        }
        let builtIn = library.entries.filter(\.isBuiltIn).map { ($0.scenario, Digest(of: [UInt8]($0.text.text.utf8))) }
        return RecoveryDocuments(
            configuration: configuration.text, folder: folder, plans: plans,
            builtIn: Dictionary(builtIn) { first, _ in first },
            tool: Release.tool, removed: removed)
    }
}
