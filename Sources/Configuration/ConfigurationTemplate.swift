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
          # A running Grafana, all organisations, with a server admin's credentials; or one, with bearer_token.
          # grafana:
          #   url: http://localhost:3000
          #   username: admin
          #   password: {env: GRAFANA_PASSWORD}
          #   annotations: 90d                   # how far back they are taken
          #   join_organizations: true           # enter organisations that the admin is no member of, for the export
          #   secrets: {data-source/P1/basicAuthPassword: {env: P1_PASSWORD}}   # for a restore: Grafana shows none
          # Any tree of files.
          # rules:
          #   kind: files
          #   data: /etc/prometheus
          #   exclude: ["*.tmp"]

        # How far back one backup is kept for each hour, day, week, month and year.
        retention: {hourly: 24h, daily: 30d, weekly: 12w, monthly: 12mo, yearly: 7y}

        # Recovery plans.
        # plans: plans/

        # Cache and journals: losing them costs time, never data.
        # state: /var/lib/dr

        # notifications:
        #   webhooks: [{url: {env: EMERGENCY_WEBHOOK}}]

        # metrics: {textfile: /var/lib/prometheus/node-exporter/dr.prom}

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
