/// The objects that run dr in a cluster, as files.
package struct ClusterManifests {
    package enum Form: String, CaseIterable, Encodable, Sendable {
        /// A kustomization over one file for each subject.
        case kustomize
        /// A Helm chart.
        case helm
        /// One stream for `kubectl apply`.
        case yaml
    }

    package let settings: ClusterSettings

    package init(_ settings: ClusterSettings) { self.settings = settings }

    package func files(_ form: Form) -> [ScheduleFile] {
        switch form {
        case .kustomize: kustomization
        case .helm: chart
        case .yaml:
            [
                ScheduleFile(
                    "dr.yaml",
                    objects(ManifestStyle(settings: settings, isChart: false)).map(\.content).map {
                        $0.hasPrefix("---\n") ? $0 : "---\n" + $0
                    }.joined())
            ]
        }
    }

    /// The commands that activate the files of a folder.
    package func next(_ form: Form, in folder: String) -> [String] {
        let variables = settings.variables.joined(separator: ", ")
        let secret = "kubectl create secret generic \(settings.secret) --namespace=\(settings.namespace)"
        let fill = settings.variables.isEmpty ? secret : "\(secret) --from-env-file=FILE  # FILE sets \(variables)"
        return switch form {
        case .kustomize: ["kubectl apply --server-side -k \(folder)", fill]
        case .yaml: ["kubectl apply --server-side -f \(folder)/dr.yaml", fill]
        case .helm:
            ["helm upgrade --install dr \(folder) --namespace \(settings.namespace) --create-namespace", fill]
        }
    }

    private var jobs: [ClusterJob] {
        // Inside a cluster a drill is never bare; see ClusterJob.
        ScheduledJob.standard(share: settings.sample, drillIsBare: false).map { ClusterJob($0, settings) }
            + [.prune(settings), .restore(settings)]
    }

    private var kustomization: [ScheduleFile] {
        let style = ManifestStyle(settings: settings, isChart: false)
        let objects = objects(style).filter { $0.name != Self.configuration }
        let configuration = settings.configuration.map { ScheduleFile("configuration/\($0.path)", $0.text) }
        let file = ManifestStyle.lines([
            Self.head,
            """
            # A namespace transformer would also move the Roles in the namespaces of the stack, so there is none: to use other
            # namespaces, write these files again.
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            resources:
            \(objects.map { "- \($0.name)" }.joined(separator: "\n"))
            configMapGenerator:
            - name: dr
              namespace: \(style.namespace)
              files:
            \(settings.configuration.map { "  - \($0.key)=configuration/\($0.path)" }.joined(separator: "\n"))
              options:
                disableNameSuffixHash: true
                labels: {app.kubernetes.io/name: dr}

            """,
        ])
        return objects + configuration + [ScheduleFile("kustomization.yaml", file)]
    }

    private var chart: [ScheduleFile] {
        let style = ManifestStyle(settings: settings, isChart: true)
        let chart = HelmChart(settings: settings, jobs: jobs)
        let templates = objects(style).map { ScheduleFile("templates/\($0.name)", $0.content) }
        return [
            ScheduleFile("Chart.yaml", Self.head + "\n" + chart.description + "\n"),
            ScheduleFile("values.yaml", Self.head + "\n" + chart.values + "\n"),
            ScheduleFile("templates/NOTES.txt", chart.notes + "\n"),
        ] + templates
    }

    private static let head = "# Written by `dr kubernetes manifests`, which overwrites it."
    private static let configuration = "configuration.yaml"

    /// The objects by subject. The name of a file is that of its subject.
    private func objects(_ style: ManifestStyle) -> [ScheduleFile] {
        let configuration = ConfigurationManifests(style: style)
        let access = AccessManifests(style: style)
        var files: [(name: String, content: String?)] = []
        // Helm makes the namespace of a release itself.
        if !style.isChart { files.append(("namespace.yaml", configuration.namespace)) }
        files += [
            (Self.configuration, configuration.configMap),
            ("claims.yaml", style.when(settings.keepsState, "$.Values.state.claim", lines: configuration.claims)),
            ("service-accounts.yaml", access.serviceAccounts),
            ("access-backup.yaml", access.backup),
            ("access-drill.yaml", access.drill),
            ("access-restore.yaml", access.restore),
            (
                "network-policies.yaml",
                style.when(true, "$.Values.networkPolicy.enabled", lines: NetworkManifests(style: style).text)
            ),
        ]
        for job in jobs {
            let text = JobManifest(job: job, style: style).text
            let isOn = !job.usesPruneSecret || settings.pruneSecret != nil
            files.append(
                (
                    "cronjob-\(job.name).yaml",
                    job.usesPruneSecret ? style.when(isOn, "$.Values.pruneSecret", lines: text) : text
                ))
        }
        return files.compactMap { file in
            file.content.map { ScheduleFile(file.name, (style.isChart ? "" : Self.head + "\n") + $0 + "\n") }
        }
    }
}
