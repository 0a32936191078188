/// The names of the jobs' objects in a cluster.
struct ClusterPlace: Equatable, Sendable {
    var namespace = "monitoring"
    var image = ""
    /// A ConfigMap with the key `dr.yaml` and the files that it names.
    var configMap = "dr"
    /// A Secret whose keys become environment variables for the configuration.
    var secret = "dr"
    /// The claim for cache and journals.
    var stateClaim = "dr-state"
    /// The absolute path of the state in the container.
    var state = "/var/lib/dr"
    /// The mounts of the components that are read as files.
    var data: [Mount] = []
    /// The owner of the files on the claims.
    var user = 65534

    init() {}

    struct Mount: Equatable, Sendable {
        /// The absolute path in the container.
        var path: String
        var claim: String

        init(path: String, claim: String) {
            self.path = path
            self.claim = claim
        }
    }
}

/// A CronJob for each job, and a kustomization over them: for a cluster of version 1.27 or later.
struct KubernetesSchedule {
    private let place: ClusterPlace

    init(_ place: ClusterPlace) { self.place = place }

    func files(_ jobs: [ScheduledJob] = ScheduledJob.standard()) -> [ScheduleFile] {
        let names = jobs.map { "cronjob-\($0.name).yaml" }
        let list = names.map { "- \($0)\n" }.joined()
        let kustomization = """
            # Written by `dr schedule install`, which overwrites it. Patch it from your own kustomization.
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            namespace: \(Self.quoted(place.namespace))
            resources:
            \(list)
            """
        return zip(names, jobs).map { ScheduleFile($0, cronJob($1)) }
            + [ScheduleFile("kustomization.yaml", kustomization)]
    }

    private func cronJob(_ job: ScheduledJob) -> String {
        let arguments = (job.arguments + ["--config", "/etc/dr/dr.yaml"]).map { "            - \(Self.quoted($0))" }
        return """
            # Written by `dr schedule install`: \(job.cadence.rawValue), \(job.about).
            apiVersion: batch/v1
            kind: CronJob
            metadata:
              name: dr-\(job.name)
              namespace: \(Self.quoted(place.namespace))
              labels: {app.kubernetes.io/name: dr, app.kubernetes.io/component: \(job.name)}
            spec:
              schedule: \(Self.quoted(CronTime(job, seed: place.namespace).text))
              timeZone: Etc/UTC
              # Two concurrent runs would both succeed, at twice the cost. The later one is skipped.
              concurrencyPolicy: Forbid
              # A start that was missed, for example during an outage of the control plane, is still made within this time.
              startingDeadlineSeconds: \(Self.deadline(job.cadence))
              successfulJobsHistoryLimit: 3
              failedJobsHistoryLimit: 5
              jobTemplate:
                spec:
                  activeDeadlineSeconds: \(job.longestHours * 3600)
                  backoffLimit: 2
                  podFailurePolicy:
                    rules:
                    # An eviction does not count as a failure.
                    - action: Ignore
                      onPodConditions: [{type: DisruptionTarget}]
                    # An immediate retry does not help after a failure that dr reports, including a partial backup (3).
                    - action: FailJob
                      onExitCodes: {operator: In, values: [1, 2, 3, 4, 5, 7]}
                  template:
                    metadata:
                      labels: {app.kubernetes.io/name: dr, app.kubernetes.io/component: \(job.name)}
                    spec:
                      restartPolicy: Never
                      automountServiceAccountToken: false
                      terminationGracePeriodSeconds: 300
                      securityContext:
                        runAsNonRoot: true
                        runAsUser: \(place.user)
                        runAsGroup: \(place.user)
                        fsGroup: \(place.user)
                        fsGroupChangePolicy: OnRootMismatch
                        seccompProfile: {type: RuntimeDefault}
                      containers:
                      - name: dr
                        image: \(Self.quoted(place.image))
                        command: ["dr"]
                        args:
            \(arguments.joined(separator: "\n"))
                        envFrom:
                        - secretRef: {name: \(place.secret)}
                        securityContext:
                          allowPrivilegeEscalation: false
                          readOnlyRootFilesystem: true
                          capabilities: {drop: [ALL]}
                        resources:
                          requests: {cpu: 100m, memory: 128Mi}
                          limits: {memory: 1Gi}
                        volumeMounts:
                        - {name: configuration, mountPath: /etc/dr, readOnly: true}
                        - {name: state, mountPath: \(Self.quoted(place.state))}
                        - {name: temporary, mountPath: /tmp}
            \(mounts)          volumes:
                      - {name: configuration, configMap: {name: \(place.configMap)}}
                      - {name: state, persistentVolumeClaim: {claimName: \(place.stateClaim)}}
                      - {name: temporary, emptyDir: {}}
            \(volumes)
            """
    }

    private var mounts: String {
        place.data.enumerated().map {
            "            - {name: data-\($0), mountPath: \(Self.quoted($1.path))}\n"
        }.joined()
    }

    private var volumes: String {
        place.data.enumerated().map {
            "          - {name: data-\($0), persistentVolumeClaim: {claimName: \($1.claim)}}\n"
        }.joined()
    }

    /// The deadline in seconds. More than a hundred missed starts within it would stop a CronJob.
    private static func deadline(_ cadence: ScheduledJob.Cadence) -> Int {
        switch cadence {
        case .hourly: 1800
        case .daily: 6 * 3600
        case .weekly, .quarterly: 24 * 3600
        }
    }

    /// A JSON string, which is also valid YAML.
    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
