import Alertmanager
import Bucket
import Components
import Elasticsearch
import FileTree
import Git
import Grafana
import Loki
import NamespaceObjects
import Prometheus

/// The kinds of components that this program knows, in the order of `dr.yaml`'s template. A new kind is one line here.
let supportedKinds: [any ComponentKind.Type] = [
    PrometheusComponent.self,
    LokiComponent.self,
    GrafanaComponent.self,
    FilesComponent.self,
    GitComponent.self,
    BucketComponent.self,
    ElasticsearchComponent.self,
    AlertmanagerComponent.self,
    NamespaceObjectsComponent.self,
]
