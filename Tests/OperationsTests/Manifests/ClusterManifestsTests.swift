import Documents
import Foundation
import Lab
import Testing

@testable import Operations

/// The objects that run dr in a cluster.
@Suite struct ClusterManifestsTests {
    /// The settings of one case, and the chart's values for the same.
    struct Variant: CustomTestStringConvertible {
        var testDescription: String
        var values: [String]
        var change: @Sendable (inout ClusterSettings) -> Void
    }

    static let variants = [
        Variant(testDescription: "defaults", values: []) { _ in },
        Variant(testDescription: "state on a claim", values: ["state.claim=true"]) { $0.keepsState = true },
        Variant(testDescription: "prune by another Secret", values: ["pruneSecret=janitor"]) {
            $0.pruneSecret = "janitor"
        },
        Variant(testDescription: "a store in a directory", values: ["store.folder=/srv/store"]) {
            $0.storeFolder = "/srv/store"
        },
        Variant(
            testDescription: "several namespaces, and movers that use the store",
            values: [
                "workloadNamespaces={one,two}", "restore.parameters.namespace=one", "networkPolicy.moversUseStore=true",
                "networkPolicy.storePorts={9000}",
            ]
        ) {
            $0.workloads = ["one", "two"]
            $0.moversUseStore = true
            $0.storePorts = [9000]
        },
        Variant(
            testDescription: "image, credentials, class and rights",
            values: [
                "image=registry.example/other@sha256:0", "imagePullSecrets={first,second}", "priorityClassName=high",
                "secret=credentials", "backup.objects=true", "backup.snapshots=true", "restore.escalate=true",
                "restore.recoveryKey=/run/secrets/dr/k.pem",
                "backup.activeDeadlineSeconds=600",
            ]
        ) {
            $0.image = "registry.example/other@sha256:0"
            $0.imagePullSecrets = ["first", "second"]
            $0.priorityClass = "high"
            $0.secret = "credentials"
            $0.readsObjects = true
            $0.usesSnapshots = true
            $0.restoresAccess = true
            $0.recoveryKey = "/run/secrets/dr/k.pem"
            $0.backupDeadline = .minutes(10)
        },
    ]

    private func settings(_ variant: Variant) -> ClusterSettings {
        var settings = ManifestReading.settings
        variant.change(&settings)
        return settings
    }

    @Test(arguments: variants) func `every field is one of Kubernetes'`(_ variant: Variant) async throws {
        let fields = try ManifestFields()
        let objects = try await ManifestReading.objects(settings(variant))
        #expect(objects.count > 20)
        for object in objects { #expect(fields.violations(of: object) == []) }
    }

    @Test(arguments: variants) func `kustomize builds the same objects`(_ variant: Variant) async throws {
        let settings = settings(variant)
        let plain = ManifestReading.byName(try await ManifestReading.objects(settings))
        let built = ManifestReading.byName(try await ManifestReading.built(settings, .kustomize))
        #expect(plain.keys.sorted() == built.keys.sorted())
        for (name, object) in plain { #expect(Bool(built[name] == object), "\(name)") }
    }

    @Test(.enabled(if: LabTool.isInstalled("helm")), arguments: variants)
    func `the chart makes the same objects, by its defaults and by its values`(_ variant: Variant) async throws {
        let settings = settings(variant)
        let options = variant.values.flatMap { ["--set", $0] }
        var plain = ManifestReading.byName(try await ManifestReading.objects(settings))
        // Helm makes the namespace.
        plain["Namespace dr"] = nil
        for built in [
            try await ManifestReading.built(settings, .helm),
            try await ManifestReading.built(ManifestReading.settings, .helm, options),
        ] {
            let built = ManifestReading.byName(built)
            #expect(plain.keys.sorted() == built.keys.sorted())
            for (name, object) in plain { #expect(Bool(built[name] == object), "\(name)") }
        }
    }

    /// Where Helm is not installed, this finds a value that the chart reads and does not have, and an open block.
    @Test func `the chart's templates read values that exist, and close their blocks`() async throws {
        let files = ClusterManifests(ManifestReading.settings).files(.helm)
        let values = try #require(files.first { $0.name == "values.yaml" }).content
        let root = try #require(try await ManifestReading.objects(values).first)
        let templates = files.filter { $0.name.hasPrefix("templates/") }
        #expect(templates.count > 10)
        for template in templates {
            for match in template.content.matches(of: /\.Values((?:\.\w+)+)/) {
                let path = match.1.split(separator: ".")
                let value = path.reduce(root as JSONValue?) { $0?[String($1)] }
                #expect(value != nil, "\(template.name): \(match.0)")
            }
            let opened = template.content.matches(of: #/\{\{-? (?:if|range|with) /#).count
            #expect(template.content.matches(of: #/\{\{-? end \}\}/#).count == opened, "\(template.name)")
        }
    }

    // MARK: Pods

    private func pods(_ settings: ClusterSettings) async throws -> [(name: String, job: JSONValue, pod: JSONValue)] {
        try await ManifestReading.objects(settings).compactMap { object in
            guard object["kind"] == "CronJob", let job = object["spec"]?["jobTemplate"]?["spec"],
                let pod = job["template"]?["spec"], let name = object["metadata"]?["name"]?.text
            else { return nil }
            return (name, job, pod)
        }
    }

    @Test(arguments: variants) func `pods conform to PodSecurity restricted`(_ variant: Variant) async throws {
        for (name, _, pod) in try await pods(settings(variant)) {
            let context = try #require(pod["securityContext"])
            #expect(
                context["runAsNonRoot"] == true && context["seccompProfile"] == ["type": "RuntimeDefault"], "\(name)")
            for container in pod["containers"]?.array ?? [] {
                let own = try #require(container["securityContext"])
                #expect(own["allowPrivilegeEscalation"] == false && own["capabilities"] == ["drop": ["ALL"]], "\(name)")
                #expect(own["readOnlyRootFilesystem"] == true)
                for key in ["cpu", "memory"] {
                    #expect(container["resources"]?["requests"]?[key] != nil)
                    #expect(container["resources"]?["limits"]?[key] != nil)
                }
            }
            let volumes = pod["volumes"]?.array ?? []
            #expect(volumes.allSatisfy { $0["hostPath"] == nil })
        }
    }

    /// A group of the file system on a claim of the stack takes its files from the server that writes them.
    @Test(arguments: variants) func `no job mounts a claim of the stack`(_ variant: Variant) async throws {
        for (name, _, pod) in try await pods(settings(variant)) {
            let claims = (pod["volumes"]?.array ?? []).compactMap { $0["persistentVolumeClaim"]?["claimName"]?.text }
            #expect(Set(claims).isSubset(of: ["dr-state", "dr-restore-state", "dr-store"]), "\(name)")
            #expect((pod["securityContext"]?["fsGroup"] != nil) == !claims.isEmpty, "\(name)")
        }
    }

    @Test func `a backup that hangs costs one turn, and finished jobs are deleted`() async throws {
        let pods = try await pods(ManifestReading.settings)
        #expect(pods.map(\.name).sorted() == ["dr-backup", "dr-drill", "dr-restore", "dr-sample", "dr-verify"])
        for (name, job, _) in pods {
            let deadline = try #require(job["activeDeadlineSeconds"]?.integer)
            #expect(name == "dr-backup" ? (3600..<7200).contains(deadline) : deadline <= 86_400, "\(name)")
            #expect(job["ttlSecondsAfterFinished"]?.integer != nil)
        }
        let restore = try #require(pods.first { $0.name == "dr-restore" })
        #expect(restore.job["backoffLimit"] == 0)
        let objects = ManifestReading.byName(try await ManifestReading.objects(ManifestReading.settings))
        #expect(objects["CronJob dr/dr-restore"]?["spec"]?["suspend"] == true)
        #expect(objects["CronJob dr/dr-backup"]?["spec"]?["suspend"] == nil)
        for (name, object) in objects where name.hasPrefix("CronJob") {
            #expect(object["spec"]?["concurrencyPolicy"] == "Forbid")
        }
    }

    @Test func `only jobs that use the cluster have a token`() async throws {
        var settings = ManifestReading.settings
        settings.pruneSecret = "janitor"
        for (name, _, pod) in try await pods(settings) {
            let needs = ["dr-backup", "dr-drill", "dr-restore"].contains(name)
            #expect(pod["automountServiceAccountToken"] == .bool(needs), "\(name)")
            #expect((pod["serviceAccountName"] == "dr-verify") == !needs, "\(name)")
        }
        let objects = try await ManifestReading.objects(settings)
        let subjects = objects.flatMap { $0["subjects"]?.array ?? [] }.compactMap { $0["name"]?.text }
        #expect(Set(subjects) == ["dr-backup", "dr-drill", "dr-restore"])
    }

    @Test func `with a Secret for pruning, backups do not prune`() async throws {
        var settings = ManifestReading.settings
        settings.pruneSecret = "janitor"
        let pods = try await pods(settings)
        func container(_ name: String) throws -> JSONValue {
            try #require(pods.first { $0.name == name }?.pod["containers"]?.array?.first)
        }
        #expect(try container("dr-backup")["args"]?.array?.contains("--no-prune") == true)
        #expect(try container("dr-prune")["args"] == ["prune", "--quiet"])
        #expect(try container("dr-prune")["envFrom"] == [["secretRef": ["name": "janitor"]]])
        #expect(try container("dr-backup")["envFrom"] == [["secretRef": ["name": "dr"]]])
    }

    @Test func `a restore has the parameters of its plan, writable folders and the recovery key`() async throws {
        var settings = ManifestReading.settings
        settings.recoveryKey = "/run/secrets/dr/recovery.pem"
        let restore = try #require(try await pods(settings).first { $0.name == "dr-restore" })
        let words = try #require(restore.pod["containers"]?.array?.first?["args"]?.array).compactMap(\.text)
        #expect(words.prefix(4) == ["restore", "--scenario", "complete_cluster_loss", "--yes"])
        let parameters = words.filter { $0.contains("=") }
        #expect(parameters.contains("context=") && parameters.contains("namespace=monitoring"))
        // Relative paths would begin at /etc/dr, which is read-only.
        #expect(parameters.filter { $0.hasPrefix("checkout=") || $0.hasPrefix("manifests=") }.count == 2)
        #expect(parameters.allSatisfy { !$0.contains("/") || $0.contains("=/var/lib/dr/") })
        #expect(words.suffix(2) == ["--recovery-key", "/run/secrets/dr/recovery.pem"])
    }
}
