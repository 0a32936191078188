package import BackupRepository
package import Components
internal import Documents
internal import Kubernetes
internal import Platform

extension NamespaceObjectsComponent: ComponentKind {
    package static let name = "kubernetes"

    package static let template = TemplateParts(
        """
        # The objects of a namespace, through kubectl: workloads, configuration, claims, access rules. The data of the
        # claims belong to the components above.
        objects:
          kind: kubernetes
          context: production                # default: that of `kubernetes:`
          namespace: monitoring              # or namespaces: [monitoring, logging]; default: that of `kubernetes:`
          # include: [configmaps, secrets]   # only these types
          # exclude: [scaledobjects.keda.sh]
          # secrets: auto                    # auto: into an encrypted store only; or never
          # cluster_objects: auto            # objects outside of namespaces that these need; or never
        """)

    package static let recognition: Recognition? = nil

    // MARK: Backup and restore

    package func source(_ context: ComponentContext) -> any ComponentSource {
        NamespaceObjectsSource(
            api: api(context), settings: completed(by: context), isEncrypted: context.encryptsBackups,
            pool: context.pool)
    }

    package static func restorer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentRestorer)? {
        ObjectRestorer(pool: context.pool)
    }

    package static func importer(_ settings: Self?, _ context: ComponentContext) -> (any ComponentImporter)? {
        // Without settings the cluster is not known; the documents can still be restored as files.
        settings.map {
            ObjectsImporter(kubectl: $0.kubectl(context), settings: $0.completed(by: context), pool: context.pool)
        }
    }

    package static let canSlice = false

    package func gaps(_ context: ComponentContext) -> (any GapFinder)? {
        NamespaceGaps(
            api: api(context), settings: completed(by: context),
            selection: TypeSelection(included: included, excluded: excluded, takesSecrets: secrets == .auto),
            pool: context.pool)
    }

    package static let neighbours: [String] = []
    package static let trace: ServerTrace? = nil

    /// The settings with those of the stack's section, where the component has none.
    func completed(by context: ComponentContext) -> Self {
        var settings = self
        settings.context = self.context ?? context.cluster
        if namespaces.isEmpty { settings.namespace = context.clusterNamespace }
        return settings
    }

    private func kubectl(_ context: ComponentContext) -> Kubectl {
        Kubectl(
            context: completed(by: context).context, namespace: nil, environment: context.environment, folder: "/",
            pool: context.pool)
    }

    private func api(_ context: ComponentContext) -> KubernetesAPI { KubernetesAPI(kubectl(context)) }

    package static let foreignBackups: [ForeignBackup] = []

    // MARK: Places

    package var home: String? { nil }
    package var server: HTTPAccess? { nil }

    /// kubectl's current context is a live place of every stack.
    package func places(of owner: String) -> [Place] {
        context.map { [Place(owner, .cluster(context: $0, server: nil))] } ?? []
    }

    package var writablePaths: [String] { [] }

    /// The identifiers of the namespaces: a restored namespace gets a new one.
    package func identity(_ context: ComponentContext) throws -> String? {
        let api = KubernetesAPI(kubectl(context), patience: .zero)
        defer { api.end() }
        let identifiers = try completed(by: context).namespaces.map { namespace in
            try api.document(at: "/api/v1/namespaces/\(namespace)")?["metadata"]?["uid"]?.text ?? "none"
        }
        return identifiers.joined(separator: " ")
    }

    // MARK: Checks

    package static let checks = [
        OfferedCheck<Self>("kubernetes_objects", roles: [.content]) { settings, subject in
            ObjectsRestored(
                subject, KubernetesAPI(settings.kubectl(subject.context), patience: .zero),
                settings: settings.completed(by: subject.context))
        }
    ]

    package static let recordedQueries: RecordedQueryRules? = nil
    package func recorder(_ component: CheckedComponent) -> (any QueryRecorder)? { nil }
    package static let canary: (any CanarySettings.Type)? = nil
    package static let metrics: MetricRules<Self>? = nil

    // MARK: Drills

    /// A drill has no API server of its own.
    package func relocated(to place: Relocation) -> Self? { nil }
    package static let drillRefusal: String? =
        "a drill applies the manifests of the plan in its own namespace, and does not restore the recorded objects"
    package static func drillServer(environment: [String: String]) -> DrillServerOptions? { nil }
    package static func drillConfiguration(port: String) -> String? { nil }

    package static func holdsAnything(_ facts: [String: String], at now: Int) -> Bool {
        ObjectDigests(facts: facts).count > 0
    }

    package static let droppable: DroppableObject<Self>? = nil

    // MARK: Forecasts

    /// Objects are few and small: removing some would save nothing.
    package static func adviceForLess(component: String, share: String) -> String? { nil }
}
