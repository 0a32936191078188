/// The manifest of a ``ClusterJob``.
struct JobManifest {
    let job: ClusterJob
    let style: ManifestStyle

    private var settings: ClusterSettings { style.settings }

    var text: String {
        ManifestStyle.lines([
            "# dr: \(job.about).",
            job.isSuspended
                ? """
                # A template: it never starts by itself. Start it with
                #   kubectl create job --namespace=NAMESPACE --from=cronjob/dr-\(job.name) dr-\(job.name)-1
                # For another scenario, or a dry run, change the arguments first.
                """ : nil,
            """
            apiVersion: batch/v1
            kind: CronJob
            metadata:
              name: dr-\(job.name)
              namespace: \(style.namespace)
              labels: {app.kubernetes.io/name: dr, app.kubernetes.io/component: \(job.name)}
            spec:
              schedule: \(style.text(job.schedule, "$.Values.schedules.\(job.name)"))
              timeZone: Etc/UTC
            """,
            job.isSuspended ? "  suspend: true" : nil,
            """
              # Two concurrent runs would both succeed, at twice the cost. The later one is skipped.
              concurrencyPolicy: Forbid
              # A start that was missed, for example during an outage of the control plane, is still made within this time.
              startingDeadlineSeconds: \(job.startingDeadline)
              successfulJobsHistoryLimit: 3
              failedJobsHistoryLimit: 5
              jobTemplate:
                spec:
            """,
            body.indented(by: 6),
        ])
    }

    /// The specification of the Job.
    private var body: String {
        ManifestStyle.lines([
            """
            # A pod that does not start, or hangs, ends after this time. It blocks later runs no longer.
            activeDeadlineSeconds: \(deadline)
            ttlSecondsAfterFinished: \(job.timeToLive)
            backoffLimit: \(job.isRetried ? 2 : 0)
            """,
            job.isRetried
                ? """
                podFailurePolicy:
                  rules:
                  # An eviction does not count as a failure.
                  - action: Ignore
                    onPodConditions: [{type: DisruptionTarget, status: "True"}]
                  # An immediate retry does not help after a failure that dr reports, including a partial backup (3).
                  - action: FailJob
                    onExitCodes: {operator: In, values: [1, 2, 3, 4, 5, 7]}
                """ : nil,
            """
            template:
              metadata:
                labels: {app.kubernetes.io/name: dr, app.kubernetes.io/component: \(job.name)}
              spec:
            """,
            pod.indented(by: 4),
        ])
    }

    private var deadline: String {
        style.isChart && job.name == "backup" ? "{{ $.Values.backup.activeDeadlineSeconds }}" : "\(job.deadline)"
    }

    private var pod: String {
        ManifestStyle.lines([
            """
            restartPolicy: Never
            serviceAccountName: dr-\(job.account)
            automountServiceAccountToken: \(job.usesCluster)
            # Time to remove movers, snapshots and temporary files.
            terminationGracePeriodSeconds: 300
            """,
            priorityClass, pullSecrets, securityContext,
            """
            containers:
            - name: dr
              image: \(style.text(settings.image, "$.Values.image"))
            """,
            "  imagePullPolicy: \(style.isChart ? "{{ $.Values.imagePullPolicy }}" : "IfNotPresent")",
            "  args:\n\(arguments.indented(by: 2))",
            """
              env:
              # The folder of cache and journals is dr below this one.
              - {name: XDG_STATE_HOME, value: /var/lib}
              - {name: HOME, value: /tmp}
              envFrom:
              - secretRef: {name: \(secret)}
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities: {drop: [ALL]}
            """,
            style.block("  resources", Self.resources.indented(by: 4), expression: "$.Values.resources", indent: 14),
            "  volumeMounts:\n\(mounts.indented(by: 2))", "volumes:\n\(volumes)",
        ])
    }

    private var secret: String {
        job.usesPruneSecret
            ? style.text(settings.pruneSecret ?? "", "$.Values.pruneSecret")
            : style.text(settings.secret, "$.Values.secret")
    }

    private var arguments: String {
        let words = job.arguments.map { word in
            word == ClusterJob.restoreScenario && job.isSuspended
                ? style.text(word, "$.Values.restore.scenario") : ManifestStyle.quoted(word)
        }
        let isBackup = job.name == "backup"
        return ManifestStyle.lines([
            words.map { "- \($0)" }.joined(separator: "\n"), parameters,
            isBackup ? style.when(settings.pruneSecret != nil, "$.Values.pruneSecret", lines: "- \"--no-prune\"") : nil,
            job.isSuspended
                ? style.when(
                    settings.recoveryKey != nil, "$.Values.restore.recoveryKey",
                    lines:
                        "- \"--recovery-key\"\n- \(style.text(settings.recoveryKey ?? "", "$.Values.restore.recoveryKey"))"
                )
                : nil,
        ])
    }

    /// The parameters of the plan, sorted by name, as a chart reads them.
    private var parameters: String? {
        guard !job.parameters.isEmpty else { return nil }
        if style.isChart {
            return """
                {{- range $name, $value := $.Values.restore.parameters }}
                - "--param"
                - {{ printf "%s=%s" $name $value | quote }}
                {{- end }}
                """
        }
        return job.parameters.map { "- \"--param\"\n- \(ManifestStyle.quoted("\($0.name)=\($0.value)"))" }
            .joined(separator: "\n")
    }

    private var priorityClass: String? {
        style.when(
            settings.priorityClass != nil, "$.Values.priorityClassName",
            lines: "priorityClassName: \(style.text(settings.priorityClass ?? "", "$.Values.priorityClassName"))")
    }

    private var pullSecrets: String? {
        guard style.isChart else {
            guard !settings.imagePullSecrets.isEmpty else { return nil }
            let names = settings.imagePullSecrets.map { "{name: \(ManifestStyle.quoted($0))}" }
            return "imagePullSecrets: [\(names.joined(separator: ", "))]"
        }
        return style.when(
            false, "$.Values.imagePullSecrets",
            lines:
                "imagePullSecrets:\n{{- range $item := $.Values.imagePullSecrets }}\n- {name: {{ $item | quote }}}\n{{- end }}"
        )
    }

    /// PodSecurity "restricted". A group of the file system is for claims of dr only: on a claim of the stack it would
    /// take the files from the server that writes them.
    private var securityContext: String {
        let group = "  fsGroup: \(Self.user)\n  fsGroupChangePolicy: OnRootMismatch"
        return ManifestStyle.lines([
            """
            securityContext:
              runAsNonRoot: true
              runAsUser: \(Self.user)
              runAsGroup: \(Self.user)
            """,
            style.when(ownClaims.isOn, ownClaims.expression, lines: "  # For a claim of dr only.\n\(group)"),
            "  seccompProfile: {type: RuntimeDefault}",
        ])
    }

    /// The condition for a claim that belongs to dr.
    private var ownClaims: (isOn: Bool, expression: String) {
        let store = "$.Values.store.folder"
        return (
            job.keepsState || settings.storeFolder != nil,
            job.name == "backup" || job.isSuspended ? "or $.Values.state.claim \(store)" : store
        )
    }

    private static let user = 65532

    static let resources = """
        requests: {cpu: 100m, memory: 128Mi}
        limits: {cpu: "2", memory: 1Gi}
        """

    private var mounts: String {
        ManifestStyle.lines([
            """
            - {name: configuration, mountPath: /etc/dr, readOnly: true}
            - {name: files, mountPath: /run/secrets/dr, readOnly: true}
            - {name: state, mountPath: /var/lib/dr}
            - {name: temporary, mountPath: /tmp}
            """,
            style.when(
                settings.storeFolder != nil, "$.Values.store.folder",
                lines: "- {name: store, mountPath: \(style.text(settings.storeFolder ?? "", "$.Values.store.folder"))}"),
        ])
    }

    private var volumes: String {
        let empty = "- {name: state, emptyDir: {sizeLimit: \(job.stateSize)}}"
        let claim = "- {name: state, persistentVolumeClaim: {claimName: dr-\(job.isSuspended ? "restore-" : "")state}}"
        let isOptional = job.name == "backup" || job.isSuspended
        return ManifestStyle.lines([
            configurationVolume, files,
            style.isChart && isOptional
                ? "{{- if $.Values.state.claim }}\n\(claim)\n{{- else }}\n\(empty)\n{{- end }}"
                : job.keepsState ? claim : empty,
            "- {name: temporary, emptyDir: {sizeLimit: 1Gi}}",
            style.when(
                settings.storeFolder != nil, "$.Values.store.folder",
                lines: "- {name: store, persistentVolumeClaim: {claimName: dr-store}}"),
        ])
    }

    /// The Secrets with files. That of a recovery exists during a recovery only.
    private var files: String {
        job.isSuspended
            ? """
            # Files that dr.yaml names, and the recovery key. The Secrets need not exist.
            - name: files
              projected:
                sources:
                - secret: {name: dr-files, optional: true}
                - secret: {name: dr-recovery-files, optional: true}
            """
            : """
            # Files that dr.yaml names, such as keys. The Secret need not exist.
            - {name: files, secret: {secretName: dr-files, optional: true}}
            """
    }

    private var configurationVolume: String {
        if style.isChart {
            return """
                - name: configuration
                  configMap:
                    name: dr
                    items:
                    {{- range $path, $text := $.Values.configuration }}
                    - {key: {{ $path | replace "/" "__" | quote }}, path: {{ $path | quote }}}
                    {{- end }}
                """
        }
        let items = settings.configuration.map {
            "    - {key: \(ManifestStyle.quoted($0.key)), path: \(ManifestStyle.quoted($0.path))}"
        }
        return "- name: configuration\n  configMap:\n    name: dr\n    items:\n\(items.joined(separator: "\n"))"
    }
}
