internal import Alertmanager
internal import Bucket
internal import Components
internal import Elasticsearch
internal import FileTree
internal import Git
internal import Grafana
internal import Loki
internal import NamespaceObjects
internal import Prometheus

/// The kinds of components whose settings and servers are fuzzed.
let fuzzedKinds: [any ComponentKind.Type] = [
    PrometheusComponent.self, LokiComponent.self, GrafanaComponent.self, FilesComponent.self, GitComponent.self,
    BucketComponent.self, ElasticsearchComponent.self, AlertmanagerComponent.self, NamespaceObjectsComponent.self,
]
