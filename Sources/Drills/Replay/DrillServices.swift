import BackupRepository
import Foundation
import HTTP
import Notifications
import Operations
import Components
import Platform
import RecoveryPlan

/// A recovery's services in an isolated place: servers come up as their data do, and nobody outside is told or asked.
struct DrillServices: RecoveryServices {
    let stage: DrillStage
    let recovery: StackRecovery
    /// What a negative control does to a component once it is back; nothing in a drill.
    var afterRestore: @Sendable (_ component: String) async throws -> Void = { _ in }
    /// Components that a negative control does not restore: their servers come up empty.
    var kept: Set<String> = []

    func now() -> Date { recovery.now() }

    func connection(to url: String) throws -> HTTPOptions? { try recovery.connection(to: url) }

    func previewRestore(_ request: ComponentRestoreRequest, in run: RunIdentity) async throws -> ActionPreview {
        try await recovery.previewRestore(request, in: run)
    }

    func restore(_ request: ComponentRestoreRequest, in run: RunIdentity) async throws -> RestoredComponent {
        do {
            if kept.contains(request.component) {
                try await stage.open(request.component)
                return try await recovery.pretend(request.component)
            }
            var restored = try await recovery.restore(request, in: run)
            restored.ownerShortfall = nil  // a drill's servers run as its own user
            try await stage.open(request.component)
            try await afterRestore(request.component)
            return restored
        } catch let error where !(error is ActionError || error is CancellationError) {
            throw ActionError(.hopeless, operation: "restore \(request.component)", "\(error)")
        }
    }

    func check(_ names: [String], in run: RunIdentity) async -> [CheckResult] { await recovery.check(names, in: run) }

    func notify(_ notice: Notice) async {}

    /// The drill restores a set that is there; it makes none.
    func backup(maximumAge: Int?) async throws -> String {
        recovery.selection.newest.map { "\($0.name)" } ?? ""
    }

    /// Nobody watches a drill: what a person would do is taken for done.
    func confirm(_ question: String) async throws {}
}
