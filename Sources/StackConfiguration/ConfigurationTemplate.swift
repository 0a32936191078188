package import Components

/// The commented `dr.yaml` that `dr init` writes.
package enum ConfigurationTemplate {
    /// - Parameters:
    ///   - store: the store to name in it; the default keeps backups on this machine.
    ///   - kinds: the kinds of components to show, in their order.
    package static func text(
        store: StoreLocation = .directory("/var/backups/dr"), kinds: [any ComponentKind.Type]
    ) -> String {
        let metrics = kinds.first { $0.keepsMetrics }?.name ?? "NAME"
        return """
            # dr: disaster recovery for a monitoring stack.
            # Lengths of time: 30s, 90m, 4h, 30d, 12w, 12mo, 7y. Relative paths start from this file's folder.
            # A secret is never written here, only where it is: {env: NAME} or {file: PATH}.

            # What the stack is called in reports and metrics.
            stack: monitoring
            # former_stacks: [old-name]              # names that it had before: backups under these are its own

            # What a recovery is measured against: time allowed to recover (rto), data allowed to be lost (rpo).
            objectives: {rto: 4h, rpo: 1h}

            # Where backups are kept: s3://bucket/prefix, or file:///absolute/path.
            store:
              url: \(quoted(store.description))
              # For s3:// stores. Credentials come from the usual AWS places unless they are named here.
              # region: eu-central-1
              # endpoint: https://minio.example:9000
              # addressing: auto                     # or path, or virtual
              # profile: backup
              # access_key_id: {env: DR_ACCESS_KEY_ID}
              # secret_access_key: {file: /etc/dr/secret_access_key}
              # server_side_encryption: AES256       # or aws:kms, with kms_key_id
              # kms_key_id: alias/backup
              # storage_class: STANDARD_IA
              # ca_file: /etc/dr/ca.pem
              # part_size: 8MiB
              # stall_timeout: 60s
              # Encrypt to these certificates before anything leaves this machine; their keys stay elsewhere.
              # recipients: [keys/recovery.crt]
              # Sign every set, and refuse those that are not signed; `key` is not needed to restore.
              # signing: {certificate: keys/signing.crt, key: keys/signing.key}
              # Lock objects in a bucket made for it; see docs/object-lock.md. In compliance mode nobody can undo it.
              # lock: {mode: governance, margin: 3d}

            # What is backed up, by name. A name that is a kind needs no 'kind'.
            components:
            \(components(kinds))

            # How far back one backup is kept for each hour, day, week, month and year, counted from now. The newest
            # complete and the newest verified backup are kept whatever stands here. See `dr retention simulate`.
            retention:
              hourly: 24h
              daily: 30d
              weekly: 12w
              monthly: 12mo
              yearly: 7y
              # keep_last: 5                         # the newest so many, whatever their age
              # keep_within: 2d                      # every one that is younger
              # time_zone: Europe/Berlin             # whose hours, days, weeks, months and years; UTC if left out
              # When nothing is dropped before a person has looked:
              # largest_drop: 50%                    # more than this share of all backups would go at once
              # freeze_after_failures: 3             # so many runs failed in a row; 0 is never
              # longest_gap: 60d                     # nothing was seen so long: a clock leapt, or backups ended
              # clock_tolerance: 5m                  # a backup named further ahead than this is from the future
              # grace: 24h                           # from the announcement of a deletion to the deletion

            # After each backup read a share of the old packs again, so that every byte is read within the period.
            # verification: {sample: true, period: 30d}

            # Recovery plans.
            # plans: plans/

            # Cache and journals: losing them costs time, never data.
            # state: /var/lib/dr

            # Whom to tell. Each channel may have a 'name', and be told less: by 'events', by 'severity' (info, warning,
            # critical). 'dr notify test' tries them. See docs/notifications.md.
            # notifications:
            #   webhooks: [{url: {env: EMERGENCY_WEBHOOK}, headers: {Authorization: {env: EMERGENCY_TOKEN}}}]
            #   slack: [{url: {env: SLACK_WEBHOOK}, severity: warning}]
            #   pagerduty: [{routing_key: {file: /etc/dr/pagerduty-key}, severity: critical}]
            #   alertmanager: [{url: "http://localhost:9093", expires: 1d}]
            #   email: [{server: "smtp://mail.example:587", from: dr@mail.example, to: [oncall@mail.example]}]
            #                                        # with username and password, where the server wants them
            #   status_page:                         # Statuspage; for any other, 'address' with {status} in it
            #     page: kctbh9vrtdwd
            #     token: {env: STATUSPAGE_TOKEN}
            #     components: [8kbf7d35c070]
            #     incidents: true

            # What `dr check` and recoveries look at, and what a backup records for them: see docs/checks.md.
            # checks:
            #   timeout: 30s                         # of one check
            #   interval: 45s                        # how long to wait for new samples; default: from the server's intervals
            #   tenants: [t1, t2]                    # of servers that are multi-tenant
            #   profiles: {nightly: [endpoints, sla]}
            #   endpoints: [{name: api, url: http://api:8080/healthz, timeout: 5s, critical: false, expect: 200}]
            #   sla:                                 # thresholds when left out: 99.95 %, 2 s, 45 per minute
            #     window: 1h
            #     availability: {query: "100 * avg(avg_over_time(up[$window]))", threshold: 99.95}
            #   queries: [{component: \(metrics), query: "count(up)"}]   # recorded beside those that dr makes itself
            #   canaries:                            # a value is written there before each backup, and read after a restore
            \(examples(kinds.compactMap { $0.template.canary }))

            # metrics: {textfile: /var/lib/node-exporter/dr.prom}

            # How `dr drill` restores beside the stack. Every component with a server wants one that the drill may start;
            # for some kinds the installed program will do. ${port}, ${data}, ${folder} and ${name} are replaced.
            # A server that cannot be told its port says which it has: port: 13100.
            # drill:
            #   sign: true                           # the report, with the key under store.signing
            #   servers:
            \(examples(kinds.compactMap { $0.template.drillServer }))

            # What `dr capacity` forecasts. Known are cpu, memory, disk, network, ingestion, queries, repository, backup.
            # capacity:
            #   source: \(metrics) # the component whose server has the history
            #   history: 90d
            #   resources:
            #     repository: {warning: 500GiB, critical: 700GiB}
            #     targets: {expression: "count(up)", unit: count, warning: 5000}

            """
    }

    /// The entries of all kinds: active ones as they are, the others as comments.
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

    /// Plain where YAML reads it back as the same text, else in double quotes.
    private static func quoted(_ text: String) -> String {
        let plain = text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789/:._-".unicodeScalars.contains($0))
        }
        if plain { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
