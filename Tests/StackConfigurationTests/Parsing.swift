import Testing

import Alertmanager
import Bucket
import Components
import Documents
import Elasticsearch
import FileTree
import Git
import Grafana
import Loki
import NamespaceObjects
import Prometheus
@testable import StackConfiguration

/// The kinds that the tests' configurations may have.
let kinds: [any ComponentKind.Type] = [
    PrometheusComponent.self, LokiComponent.self, GrafanaComponent.self, FilesComponent.self, GitComponent.self,
    BucketComponent.self, ElasticsearchComponent.self, AlertmanagerComponent.self, NamespaceObjectsComponent.self,
]

extension ComponentKind {
    static var keyNames: [String] { keys.map(\.name) }
}

/// Parses a text as the file `/etc/dr/dr.yaml`, which messages call `dr.yaml`.
func parse(_ text: String) throws -> Configuration {
    try ConfigurationFile.parse(text, file: "dr.yaml", folder: "/etc/dr", kinds: kinds)
}

/// What parsing complains of, a line each; empty when it does not.
func complaints(_ text: String) -> [String] {
    do {
        _ = try ConfigurationFile.parse(text, file: "dr.yaml", folder: "/etc/dr", kinds: kinds)
        return []
    } catch {
        return error.diagnostics.map(\.description)
    }
}

/// The least that is a configuration, so that a test can add the one thing it is about.
let least = """
    store: {url: file:///var/backups/dr}
    components: {rules: {kind: files, data: /etc/prometheus}}

    """
