internal import BackupRepository
internal import Documents
internal import Kubernetes
internal import Platform
internal import Synchronization

/// Restores the objects of a backup into a cluster, in an order in which each finds those that it needs.
///
/// Each object is applied on the server by the field manager `dr`. A second run finds equal objects and changes
/// nothing. Without `--replace`, fields that other managers own are respected and reported as conflicts.
struct ObjectsImporter: ComponentImporter {
    static var kind: String { NamespaceObjectsComponent.name }
    static var destination: ImportDestination { .server }

    let kubectl: Kubectl
    let settings: NamespaceObjectsComponent
    let pool: BlockingPool

    /// Objects that are applied at once: each runs one kubectl.
    private static let lanes = 4

    func run(_ request: ImportRequest, report: @escaping @Sendable (ImportedObject) -> Void) async throws {
        let api = KubernetesAPI(kubectl)
        defer { api.end() }
        try settings.requireNamespace(operation: "restore the objects")
        let stored = try await pool.run { try StoredObjects(in: request.tree) }
        let lock = Mutex(())
        let add = { @Sendable (object: ImportedObject) in
            lock.withLock { _ in report(object) }
            request.progress.update { $0.files += 1 }
        }
        for defect in stored.defects {
            add(
                ImportedObject(
                    "document", "'\(defect.path)'", outcome: .failed, detail: "it is damaged: \(defect.reason)"))
        }
        do {
            let move = try request.prefix.map {
                try NamespaceMove(prefix: $0, namespaces: stored.namespaces + Self.namespaces(of: stored))
            }
            let scope = try await pool.run { try RestoreScope(settings, stored.objects) }
            var run = ImportRun(
                api, request, move: move, scope: scope,
                scaled: try await pool.run { try ScaledWorkloads(stored.objects) },
                discovery: try await pool.run { try api.discover() })
            for stage in RestoreStage.allCases {
                let objects = stored.objects.filter { $0.stage == stage }
                if stage == .namespaces {
                    for name in scope.included(stored.namespaces).map({ (move?.prefix ?? "") + $0 }) {
                        try await prepare(name, &run, add: add)
                    }
                }
                try await objects.concurrentForEach(limit: Self.lanes) { [run] object in
                    add(try await pool.run { try run.settle(object) })
                }
                if stage == .definitions, !objects.isEmpty, !request.isDryRun {
                    run.discovery = try await pool.run { try api.discover() }
                }
            }
            for entry in request.manifest.withheld ?? [] {
                try await add(pool.run { [run] in try run.withheld(entry) })
            }
        } catch let error as KubernetesError { throw ComponentError(error, operation: "restore the objects") }
    }

    private static func namespaces(of stored: StoredObjects) -> [String] {
        stored.objects.filter { $0.stage == .namespaces }.map(\.name.name)
    }

    /// Makes a namespace usable: one that is being deleted must first be gone.
    private func prepare(
        _ name: String, _ run: inout ImportRun, add: (ImportedObject) -> Void
    ) async throws {
        let state = try await pool.run { [run] in try run.state(of: name) }
        switch state {
        case .active: return
        case .missing where run.isDryRun: run.missing.insert(name)
        case .terminating(let reason) where run.isDryRun:
            run.missing.insert(name)
            add(ImportedObject("Namespace", "'\(name)'", outcome: .conflict, detail: "it is being deleted\(reason)"))
        case .missing, .terminating:
            do {
                _ = try await KubernetesNamespace(name: name, within: .minutes(5), kubectl: kubectl).make()
                run.created.insert(name)
            } catch let error as KubernetesError where !error.isConnectionFailure {
                run.unusable[name] = error.detail
                add(
                    ImportedObject(
                        "Namespace", "'\(name)'", outcome: .failed, detail: error.detail.printable))
            }
        }
    }
}
