/// The commented `dr.yaml` that `dr init` writes.
package enum ConfigurationTemplate {
    /// - Parameter store: the store to name in it; the default keeps backups on this machine.
    package static func text(store: StoreLocation = .directory("/var/backups/dr")) -> String {
        """
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
          # A running Prometheus, started with --web.enable-admin-api.
          prometheus:
            url: http://localhost:9090
            data: /var/lib/prometheus/metrics2
            # username: backup
            # password: {env: PROMETHEUS_PASSWORD}
            # bearer_token: {file: /etc/dr/prometheus-token}
            # tls: {ca_file: /etc/dr/ca.pem}     # also cert_file and key_file, insecure
            # skip_head: true                    # leave out what is not in blocks yet
            # stall_timeout: 45m                 # any component: back up the others without one that hangs so long
            # shrink_threshold: 50%              # any component: more than this gone since the last backup is a loss
          # A Loki that keeps its chunks in files; 'data' is its common.path_prefix.
          # loki:
          #   url: http://localhost:3100         # asked for its schema; may be left out
          #   data: /loki
          #   chunks: /loki/chunks               # where they are elsewhere
          #   rules: /loki/rules                 # likewise
          #   wal: /loki/wal                     # likewise
          #   flush: true                        # write what is in memory into chunks first
          # A running Grafana, all organisations, with a server admin's credentials; or one, with bearer_token.
          # grafana:
          #   url: http://localhost:3000
          #   username: admin
          #   password: {env: GRAFANA_PASSWORD}
          #   annotations: 90d                   # how far back they are taken
          #   join_organizations: true           # enter organisations that the admin is no member of, for the export
          #   contact_point_secrets: never       # encrypted: into an encrypted store, by default
          #   secrets: {data-source/P1/basicAuthPassword: {env: P1_PASSWORD}}   # for a restore: Grafana shows none
          # Any tree of files.
          # rules:
          #   kind: files
          #   data: /etc/prometheus
          #   exclude: ["*.tmp"]
          # One branch of a git repository, with its history: a path or a URL.
          # configuration:
          #   kind: git
          #   url: git@git.example:monitoring/configuration.git
          #   branch: main                       # the default branch when left out
          #   ssh_key: /etc/dr/deploy_key        # for https: username and password, ca_file
          #   ssh_known_hosts: /etc/dr/known_hosts
          # Jaeger's indices in Elasticsearch or OpenSearch: the cluster keeps the data in a repository of its own.
          # jaeger:
          #   kind: elasticsearch
          #   url: http://localhost:9200         # with username and password, or bearer_token, and tls as above
          #   api_key: {env: ELASTICSEARCH_API_KEY}
          #   indices: "jaeger-*"
          #   repository: {type: s3, bucket: backups, base_path: jaeger}   # or type: fs, with location
          #   timeout: 15m                       # give up when nothing moves for this long

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
        #   tenants: [t1, t2]                    # Loki's, where it is multi-tenant
        #   profiles: {nightly: [prometheus_ready, ingestion, sla]}
        #   endpoints: [{name: api, url: http://api:8080/healthz, timeout: 5s, critical: false, expect: 200}]
        #   sla:                                 # thresholds when left out: 99.95 %, 2 s, 45 per minute
        #     window: 1h
        #     availability: {query: "100 * avg(avg_over_time(up[$window]))", threshold: 99.95}
        #   queries: [{component: prometheus, query: "count(up)"}]   # recorded beside those that dr makes itself
        #   sentinels:                           # a nonce is written there before each backup
        #     grafana: {}
        #     prometheus: {pushgateway: http://pushgateway:9091}

        # metrics: {textfile: /var/lib/prometheus/node-exporter/dr.prom}

        # How `dr drill` restores beside the stack. Every component with a server wants one that the drill may start;
        # for Prometheus the installed program will do. ${port}, ${data}, ${folder} and ${name} are replaced.
        # A server that cannot be told its port says which it has: port: 13100.
        # drill:
        #   sign: true                           # the report, with the key under store.signing
        #   servers:
        #     grafana: {run: [grafana, server, "cfg:server.http_port=${port}"], ready: /api/health}

        # What `dr capacity` forecasts. Known are cpu, memory, disk, network, ingestion, queries, repository, backup.
        # capacity:
        #   source: prometheus                   # the component whose server has the history
        #   history: 90d
        #   resources:
        #     repository: {warning: 500GiB, critical: 700GiB}
        #     targets: {expression: "count(up)", unit: count, warning: 5000}

        """
    }

    /// Plain where YAML reads it back as the same text, else in double quotes.
    private static func quoted(_ text: String) -> String {
        let plain = text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789/:._-".unicodeScalars.contains($0))
        }
        if plain { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
