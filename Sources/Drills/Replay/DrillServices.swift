import BackupRepository
import FoundationEssentials
import HTTP
import Notifications
import Operations
import Components
import Platform
import RecoveryPlan

/// The services of a recovery in a drill: starts servers with their data, sends no notifications and asks no questions.
struct DrillServices: RecoveryServices {
    let stage: DrillStage
    let recovery: StackRecovery
    /// The fault of a control run after the restore of a component; does nothing in a drill.
    var afterRestore: @Sendable (_ component: String) async throws -> Void = { _ in }
    /// The components that a control run does not restore, so that their servers start empty.
    var kept: Set<String> = []

    func now() -> Date { recovery.now() }

    func connection(to url: String) throws -> HTTPOptions? { try recovery.connection(to: url) }

    func previewRestore(
        _ request: ComponentRestoreRequest, in run: RunIdentity, stopped: Set<StoppedWorkload>
    ) async throws -> ActionPreview {
        try await recovery.previewRestore(request, in: run, stopped: stopped)
    }

    func restore(_ request: ComponentRestoreRequest, in run: RunIdentity) async throws -> RestoredComponent {
        do {
            if kept.contains(request.component) {
                try await stage.open(request.component)
                return try await recovery.pretend(request.component)
            }
            var restored = try await recovery.restore(request, in: run)
            // The drill chooses the user of its servers. A bare drill is never root, which could set the owner.
            if let text = restored.ownerShortfall, stage.session.recorded != nil {
                restored.warnings.removeAll { $0 == text }
            }
            restored.ownerShortfall = nil
            try await stage.open(request.component)
            try await afterRestore(request.component)
            return restored
        } catch let error where !(error is ActionError || error is CancellationError) {
            throw ActionError(.hopeless, operation: "restore \(request.component)", "\(error)")
        }
    }

    func check(_ names: [String], in run: RunIdentity) async -> [CheckResult] { await recovery.check(names, in: run) }

    func previewThaw(_ request: ThawRequest, in run: RunIdentity) async throws -> ActionPreview {
        try await recovery.previewThaw(request, in: run)
    }

    func thaw(_ request: ThawRequest, in run: RunIdentity) async throws -> String {
        try await recovery.thaw(request, in: run)
    }

    func notify(_ notice: Notice) async -> String? { "a drill does not send any" }

    /// Returns the restored set; a drill does not make backups.
    func backup(maximumAge: Int?) async throws -> String {
        recovery.selection.newest.map { "\($0.name)" } ?? ""
    }

    /// Confirms every question, since a drill is unattended.
    func confirm(_ question: String) async throws {}
}
