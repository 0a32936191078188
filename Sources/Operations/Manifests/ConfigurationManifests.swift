/// dr's namespace, its configuration and its claims.
struct ConfigurationManifests {
    let style: ManifestStyle

    private var settings: ClusterSettings { style.settings }

    var namespace: String {
        """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: \(style.namespace)
          labels:
            app.kubernetes.io/name: dr
            pod-security.kubernetes.io/enforce: restricted
        """
    }

    var configMap: String {
        let head = """
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: dr
              namespace: \(style.namespace)
              labels: {app.kubernetes.io/name: dr}
            data:
            """
        if style.isChart {
            return head + "\n" + """
                {{- range $path, $text := $.Values.configuration }}
                  {{ $path | replace "/" "__" | quote }}: {{ $text | quote }}
                {{- end }}
                """
        }
        let entries = settings.configuration.map { "  \($0.key): \(Self.scalar($0.text, indent: 4))" }
        return ([head] + entries).joined(separator: "\n")
    }

    /// The claims that keep state, which the backup and the restore do not share: a claim may be bound to one node.
    var claims: String {
        ["dr-state", "dr-restore-state"].map { name in
            ManifestStyle.lines([
                """
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata:
                  name: \(name)
                  namespace: \(style.namespace)
                  labels: {app.kubernetes.io/name: dr}
                spec:
                  accessModes: [ReadWriteOnce]
                """,
                style.isChart
                    ? style.when(
                        false, "$.Values.state.storageClassName",
                        lines: "  storageClassName: {{ $.Values.state.storageClassName | quote }}") : nil,
                "  resources: {requests: {storage: \(style.isChart ? "{{ $.Values.state.size }}" : "2Gi")}}",
            ])
        }.joined(separator: "\n---\n")
    }

    /// A text as a block, or as a quoted string where a block cannot hold it.
    static func scalar(_ text: String, indent: Int) -> String {
        let isPlain = text.unicodeScalars.allSatisfy {
            ($0.value >= 32 && $0.value != 127 && $0.value < 0xFFFE) || $0 == "\n"
        }
        guard isPlain, text.first?.isWhitespace == false, text.hasSuffix("\n"), !text.hasSuffix("\n\n") else {
            return ManifestStyle.quoted(text)
        }
        return "|\n" + String(text.dropLast()).indented(by: indent)
    }
}
