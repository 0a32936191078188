internal import BackupRepository
internal import Documents
internal import Kubernetes
internal import Platform

/// Captures the objects of namespaces: one canonical document for each.
///
/// The documents are kept between runs, so that objects that did not change do not change in the backup.
struct NamespaceObjectsSource: ComponentSource {
    static let kind = NamespaceObjectsComponent.name

    let api: KubernetesAPI
    let settings: NamespaceObjectsComponent
    /// True if Secrets may be stored: the store is encrypted.
    let isEncrypted: Bool
    let pool: BlockingPool

    /// The reason why a Secret is not in a set.
    static let withheldSecret = "the store is not encrypted"

    var selection: TypeSelection {
        TypeSelection(
            included: settings.included, excluded: settings.excluded, takesSecrets: settings.secrets == .auto)
    }

    func capture(_ context: CaptureContext) async throws -> any Capture {
        defer { api.end() }
        return try await pool.run { [self] in
            let tree = try DocumentTree(in: context.state, run: context.run)
            do {
                var run = CaptureRun(self, into: tree, progress: context.progress)
                try run.run()
                return NamespaceObjectsCapture(
                    tree: tree, facts: run.facts, withheld: run.withheld, damage: run.damage, warnings: run.warnings,
                    pool: pool)
            } catch {
                try? tree.release()
                throw error
            }
        }
    }
}

extension ComponentError {
    /// - Parameter operation: the attempted operation, if the error does not name it well.
    init(_ error: KubernetesError, operation: String? = nil) {
        let reason: Reason = error.isConnectionFailure ? .unreachable : error.reason == .hopeless ? .refused : .other
        self.init(reason, operation: operation ?? error.operation, error.detail, hint: error.hint)
    }
}
