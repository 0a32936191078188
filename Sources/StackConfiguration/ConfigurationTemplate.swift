package import Components

/// The commented `dr.yaml` that `dr init` writes.
package enum ConfigurationTemplate {
    /// The settings that protect the backups of a new configuration.
    package struct Protection: Sendable {
        /// The paths of the certificates of recovery keys.
        package var recipients: [String] = []
        /// The paths of the signer's certificate and key; nil for backups without a signature.
        package var signing: (certificate: String, key: String)?
        /// The id of the repository; nil to accept any.
        package var repository: String?

        package init() {}
    }

    /// - Parameters:
    ///   - store: the location of the store; the default keeps backups on this machine.
    ///   - protection: the settings to write; the others become comments.
    ///   - found: the lines of `components:`; nil for examples of the kinds.
    ///   - cluster: the cluster of the components; nil for components of this machine.
    ///   - kinds: the kinds of components to include, in their order.
    package static func text(
        store: StoreLocation = .directory("/var/backups/dr"), protection: Protection = Protection(),
        components found: String? = nil, cluster: KubernetesConfiguration? = nil, kinds: [any ComponentKind.Type]
    ) -> String {
        let metrics = kinds.first { $0.keepsMetrics }?.name ?? "NAME"
        return """
            # dr: disaster recovery for a monitoring stack.
            # Lengths of time: 30s, 90m, 4h, 30d, 12w, 12mo, 7y. Relative paths start from this file's folder.
            # Do not write a secret here. Write its location: {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT]}.

            # Name of the stack in reports, metrics and notifications.
            stack: monitoring
            # former_stacks: [old-name]              # previous names; backups under these names belong to it

            # Objectives of a recovery: time allowed to recover (rto), time span of data whose loss is allowed (rpo).
            objectives: {rto: 4h, rpo: 1h}

            # Store of the backups: s3://bucket/prefix, or file:///absolute/path.
            store:
              url: \(YAMLScalar.quoted(store.description))
              # For s3:// stores. The default for credentials is the AWS credential chain.
              # region: eu-central-1
              # endpoint: https://minio.example:9000
              # addressing: auto                     # or path, or virtual
              # profile: backup
              # access_key_id: {env: DR_ACCESS_KEY_ID}
              # secret_access_key: {file: /etc/dr/secret_access_key}
              # server_side_encryption: AES256       # or aws:kms, with kms_key_id
              # kms_key_id: alias/backup
              # storage_class: STANDARD_IA
              # Classes to which `dr tier` moves packs that only old backups need; see docs/tiers.md.
              # tiers: {warm: {after: 30d, class: STANDARD_IA}, cold: {after: 90d, class: GLACIER}}
              # ca_file: /etc/dr/ca.pem
              # part_size: 8MiB
              # stall_timeout: 60s
            \(lines(for: protection))
              # Lock objects in a bucket with object lock; see docs/object-lock.md. No user can undo compliance mode.
              # lock: {mode: governance, margin: 3d}
              # A second store, to which each backup set is copied after it is written; see docs/copies.md.
              # copies: [{name: offsite, url: "s3://other-bucket/dr", region: eu-west-1, bandwidth: 20MiB}]

            \(lines(for: cluster))# Components to back up, by name. The default of 'kind' is the name.
            components:
            \(found ?? components(kinds))

            # Retention policy: how far back dr keeps one backup per hour, day, week, month and year. dr always keeps the
            # newest complete and the newest verified backup. See `dr retention simulate`.
            retention:
              hourly: 24h
              daily: 30d
              weekly: 12w
              monthly: 12mo
              yearly: 7y
              # keep_last: 5                         # this number of newest backups, regardless of age
              # keep_within: 2d                      # every backup younger than this
              # time_zone: Europe/Berlin             # of the hours, days, weeks, months and years; default: UTC
              # Pruning freezes, and an operator must look at the reason first:
              # largest_drop: 50%                    # if it would drop more than this share of all backups at once
              # freeze_after_failures: 3             # after this number of failed runs in a row; 0 for never
              # longest_gap: 60d                     # after this time without backups: a clock may be wrong
              # clock_tolerance: 5m                  # a backup further ahead of the clock is from the future
              # Backups that outlive the rules, because those that remain may not be usable:
              # protect_unverified: 90d              # all, while none that remains was verified within this time
              # protect_smaller_than: 50%            # larger ones, while those that remain have less than this share
              # grace: 24h                           # grace period from the announcement of a removal to the removal

            # Read a share of the old packs after each backup, so that every byte is read within the period.
            # verification: {sample: true, period: 30d}

            # Limits, so that the servers beside dr do not notice it; see docs/performance.md.
            # limits:
            #   memory: 128MiB                       # default: 256MiB
            #   parallelism: auto                    # packs at the same time; auto: by cores and memory
            #   bandwidth: {backup: 20MiB, restore: 50MiB}   # bytes per second
            #   disk: 100MiB                         # bytes per second that a backup reads
            #   nice: 10                             # of a backup, 0 to 19
            #   ionice: idle                         # of a backup, or lowest

            # Folder of your recovery plans.
            # plans: plans/

            # Folder for cache and journals. Its loss costs time, but no backup.
            # state: /var/lib/dr

            # Notification channels. Each channel may have a 'name', and filter by 'events' and by 'severity' (info,
            # warning, critical). Test them with 'dr notify test'. See docs/notifications.md.
            # notifications:
            #   # template: the JSON that the receiver expects, in Mustache, or `runbook` for the runbook's alerts
            #   webhooks: [{url: {env: EMERGENCY_WEBHOOK}, headers: {Authorization: {env: EMERGENCY_TOKEN}}}]
            #   slack: [{url: {env: SLACK_WEBHOOK}, severity: warning}]
            #   pagerduty: [{routing_key: {file: /etc/dr/pagerduty-key}, severity: critical}]
            #   alertmanager: [{url: "http://localhost:9093", expires: 1d}]
            #   email: [{server: "smtp://mail.example:587", from: dr@mail.example, to: [oncall@mail.example]}]
            #                                        # with username and password, if the server requires them
            #   status_page:                         # Statuspage; for any other page, 'address' with {status} in it
            #     page: kctbh9vrtdwd
            #     token: {env: STATUSPAGE_TOKEN}
            #     components: [8kbf7d35c070]
            #     incidents: true

            # Settings of the checks, and of the queries that a backup records for them; see docs/checks.md.
            # checks:
            #   timeout: 30s                         # of one check
            #   interval: 45s                        # longest wait for new samples; default: from the server's intervals
            #   tenants: [t1, t2]                    # of multi-tenant servers
            #   profiles: {nightly: [endpoints, sla]}
            #   endpoints: [{name: api, url: http://api:8080/healthz, timeout: 5s, critical: false, expect: 200}]
            #   sla:                                 # default thresholds: 99.95 %, 2 s, 45 per minute
            #     window: 1h
            #     availability: {query: "100 * avg(avg_over_time(up[$window]))", threshold: 99.95}
            #   queries: [{component: \(metrics), query: "count(up)"}]   # in addition to the default queries
            #   canaries:                            # dr writes a value before each backup and reads it after a restore
            \(examples(kinds.compactMap { $0.template.canary }))

            # Metrics of all commands; each destination is optional. See docs/metrics.md.
            # metrics:
            #   textfile: /var/lib/node-exporter/dr.prom
            #   pushgateway: {url: "http://pushgateway:9091"}
            #   otlp: {url: "http://collector:4318"}

            # The console, `dr serve`; see docs/console.md. An address that other machines reach needs a token or client_ca.
            # serve:
            #   listen: 127.0.0.1:9419
            #   token_file: console-token            # openssl rand -hex 24 > console-token; chmod 600 console-token
            #   tls_certificate: console.pem
            #   tls_key: console.key
            #   client_ca: visitors.pem              # authorities that sign the certificates of visitors
            #   hosts: [dr.example.org]              # names of the console, such as that of a proxy

            # Servers for `dr drill`, which restores beside the stack. Every component with a server needs one that the
            # drill can start; some kinds use the installed program by default. dr replaces ${port}, ${data}, ${folder}
            # and ${name}. If the server's port is fixed, name it: port: 13100.
            # drill:
            #   sign: true                           # sign the report with the key under store.signing
            #   servers:
            \(examples(kinds.compactMap { $0.template.drillServer }))

            # Evidence for auditors: a time stamp authority (RFC 3161), and facts that dr cannot see; see docs/evidence.md.
            # evidence:
            #   timestamp: {url: "https://tsa.example/tsr", ca: tsa.pem}   # timeout: 10s
            #   objective_owner: head of operations
            #   criticality: important function
            #   participants: [on-call engineer, service owner]
            #   separation: drills run in another data centre
            #   off_network_copy: monthly copy on tape

            # Resources of `dr capacity`. Built in: cpu, memory, disk, network, ingestion, queries, repository, backup.
            # capacity:
            #   source: \(metrics) # component whose server has the history
            #   history: 90d
            #   resources:
            #     repository: {warning: 500GiB, critical: 700GiB}
            #     targets: {expression: "count(up)", unit: count, warning: 5000}

            # Limits of `dr ready`: the longest time since a passed drill, a full verification and a test of the keys.
            # ready: {drill: 100d, verified: 30d, key: 100d}

            # A run that takes longer or shorter than its forecast by more than this factor is a finding.
            # forecast: {tolerance: 2.0}

            """
    }

    /// The section `kubernetes`, with an empty line after it.
    private static func lines(for cluster: KubernetesConfiguration?) -> String {
        guard let cluster else { return "" }
        let context = cluster.context.map { "context: \(YAMLScalar.quoted($0))" }
        let lines = [
            context
                ?? "# context: production                # default: the current one, or the cluster that dr runs in",
            cluster.namespace.map { "namespace: \(YAMLScalar.quoted($0))" } ?? "# namespace: monitoring",
            cluster.image.map { "image: \(YAMLScalar.quoted($0))" }
                ?? "# image: registry.example/dr:0.1.0       # image of the pods that read and write volumes",
        ]
        return "# Cluster of the components; see docs/volumes.md.\nkubernetes:\n"
            + lines.map { "  \($0)\n" }.joined() + "\n"
    }

    private static func lines(for protection: Protection) -> String {
        let recipients = protection.recipients.map(YAMLScalar.quoted).joined(separator: ", ")
        let signing = protection.signing.map {
            "certificate: \(YAMLScalar.quoted($0.certificate)), key: \(YAMLScalar.quoted($0.key))"
        }
        let lines = [
            "# The id of the repository. dr refuses any other repository at this address.",
            protection.repository.map { "repository: \($0)" } ?? "# repository: 0123456789abcdef0123456789abcdef",
            "# Encrypt backups on this machine for these certificates. Keep their private keys elsewhere; see",
            "# docs/keys.md. `dr key create` creates a key.",
            recipients.isEmpty ? "# recipients: [keys/recovery.crt]" : "recipients: [\(recipients)]",
            "# File with the key for names and hashes of encrypted backups (default: in the state folder).",
            "# document_key: /etc/dr/document-keys",
            "# Sign every set, and refuse unsigned sets. A restore does not need `key`. If it has a passphrase, add",
            "# for example: passphrase: {command: [pass, show, dr-signing]}",
            signing.map { "signing: {\($0)}" } ?? "# signing: {certificate: keys/signing.crt, key: keys/signing.key}",
        ]
        return lines.map { "  \($0)" }.joined(separator: "\n")
    }

    /// The entries of all kinds; inactive ones as comments.
    private static func components(_ kinds: [any ComponentKind.Type]) -> String {
        let parts = kinds.map { $0.template }
        let lines = parts.flatMap { part in
            part.component.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                part.isActive || line.hasPrefix("#") ? "  \(line)" : "  # \(line)"
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func examples(_ lines: [String]) -> String { lines.map { "#     \($0)" }.joined(separator: "\n") }
}
