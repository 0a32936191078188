internal import Documents
import FoundationEssentials

/// The files of the Helm chart besides its templates.
struct HelmChart {
    let settings: ClusterSettings
    let jobs: [ClusterJob]

    var description: String {
        """
        apiVersion: v2
        name: dr
        description: Backs up a monitoring stack every hour, and proves with timed drills that it can be restored.
        type: application
        version: \(Release.version)
        appVersion: \(ManifestStyle.quoted(Release.version))
        kubeVersion: ">=1.30.0-0"
        """
    }

    /// `values.yaml`: every value with its meaning and its default.
    var values: String {
        ManifestStyle.lines([
            """
            # The container image with dr and kubectl, by tag or digest.
            image: \(ManifestStyle.quoted(settings.image))
            imagePullPolicy: IfNotPresent
            # Names of Secrets with the credentials of the image's registry.
            imagePullSecrets: \(Self.list(settings.imagePullSecrets))
            # Name of the PriorityClass of dr's pods; empty for none.
            priorityClassName: \(ManifestStyle.quoted(settings.priorityClass ?? ""))

            # The namespaces of the stack: dr starts movers there, and restores into them. They must exist. The namespace of the
            # release must be another one, so that a recovery survives the deletion of the stack's.
            workloadNamespaces: \(Self.list(settings.workloads))

            # Name of the Secret whose keys become environment variables, for {env: NAME} in dr.yaml. A second Secret, dr-files,
            # may hold files, which are in /run/secrets/dr.
            secret: \(ManifestStyle.quoted(settings.secret))
            # Name of a Secret with credentials that may delete from the store. Empty: each backup prunes at its end. Otherwise
            # backups do not prune, and the CronJob dr-prune does.
            pruneSecret: \(ManifestStyle.quoted(settings.pruneSecret ?? ""))

            # When the jobs start, in UTC. The restore is suspended: its schedule is never used.
            schedules:
            """,
            jobs.map { "  \($0.name): \(ManifestStyle.quoted($0.schedule))" }.joined(separator: "\n"),
            """

            backup:
              # Seconds after which a backup ends, its wait for a node and an image included.
              activeDeadlineSeconds: \(settings.backupDeadline.seconds)
              # True if backups read the objects of the namespaces, Secrets included.
              objects: \(settings.readsObjects)
              # True if backups use volume snapshots.
              snapshots: \(settings.usesSnapshots)

            restore:
              # The plan that the CronJob dr-restore runs when an operator starts it.
              scenario: \(ClusterJob.restoreScenario)
              # The parameters of the plan. Another scenario may have others.
              parameters:
            \(parameters)
              # The file of the recovery key in the Secret dr-recovery-files, as /run/secrets/dr/NAME. Empty if backups are not
              # encrypted.
              recoveryKey: \(ManifestStyle.quoted(settings.recoveryKey ?? ""))
              # True if a recovery may create Roles with permissions that it does not have itself. It can get every permission in
              # the cluster this way. False: it reports the Roles that it may not create.
              escalate: \(settings.restoresAccess)

            state:
              # True to keep cache and journals on small claims of dr's own. False: they end with each pod, which costs time, but no
              # backup. With encrypted backups, use a claim, or name a file of the Secret dr-files in `store: document_key:`.
              claim: \(settings.keepsState)
              size: 2Gi
              # Empty for the cluster's default class.
              storageClassName: ""

            store:
              # The folder of a store in a directory (file://…), which is on a claim dr-store of yours. Empty for any other store.
              folder: \(ManifestStyle.quoted(settings.storeFolder ?? ""))

            resources:
            \(JobManifest.resources.indented(by: 2))

            networkPolicy:
              enabled: true
              # TCP ports of the store, in addition to 443.
              storePorts: [\(settings.storePorts.map(String.init).joined(separator: ", "))]
              # True if movers use the store themselves (mode: in_cluster).
              moversUseStore: \(settings.moversUseStore)

            # The files in /etc/dr: dr.yaml, and the public files that it names.
            configuration:
            """,
            settings.configuration.map { file in
                "  \(file.path): \(ConfigurationManifests.scalar(file.text, indent: 4))"
            }.joined(separator: "\n"),
        ])
    }

    let notes = """
        Create the Secret {{ .Values.secret }} with the variables that dr.yaml reads:
          kubectl create secret generic {{ .Values.secret }} --namespace {{ .Release.Namespace }} --from-env-file=FILE
        Make the first backup now:
          kubectl create job --namespace {{ .Release.Namespace }} --from=cronjob/dr-backup dr-backup-first
        Show what a recovery would do, and start it:
          kubectl create job --namespace {{ .Release.Namespace }} --from=cronjob/dr-restore dr-restore-1
        """

    private var parameters: String {
        jobs.flatMap(\.parameters).map { "    \($0.name): \(ManifestStyle.quoted($0.value))" }.joined(separator: "\n")
    }

    private static func list(_ values: [String]) -> String {
        "[\(values.map(ManifestStyle.quoted).joined(separator: ", "))]"
    }
}
