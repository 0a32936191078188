import Documents
import Foundation
import Lab
import Testing

@testable import Operations

/// The permissions of dr's jobs in a cluster.
@Suite struct AccessTests {
    private static let everyRule =
        AccessRules.backup + AccessRules.backupOfCluster + AccessRules.snapshots + AccessRules.objects
        + AccessRules.restore + AccessRules.restoreOfCluster + AccessRules.restoreOfAccess + AccessRules.drill

    @Test func `each verb has a reason in a comment before its rule`() throws {
        let text = ClusterManifests(ManifestReading.settings).files(.yaml).map(\.content).joined()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var rules = 0
        for (number, line) in lines.enumerated() where line.hasPrefix("- apiGroups: [") {
            rules += 1
            let comments = lines[..<number].reversed().prefix { $0.hasPrefix("# ") && $0.contains(": ") }
            let explained = comments.flatMap { comment in
                comment.dropFirst(2).prefix { $0 != ":" }.split(separator: ", ").map(String.init)
            }
            let verbs = try #require(lines[number + 2].firstMatch(of: /verbs: \[(.*)\]/)).1.split(separator: ", ")
                .map { $0.trimmingCharacters(in: ["\""]) }
            #expect(!verbs.isEmpty && Set(verbs) == Set(explained), "\(lines[number...number + 2])")
        }
        #expect(rules > 40)
    }

    @Test func `no job may do everything, and none may delete a claim of the stack`() {
        for rule in Self.everyRule {
            let verbs = Set(rule.verbs.map(\.name))
            #expect(!verbs.contains("*"), "\(rule)")
            #expect(!verbs.contains("deletecollection"), "\(rule)")
            if rule.resources.contains("*"), rule.group == "*" { #expect(verbs == ["get", "list"], "\(rule)") }
        }
        // A temporary claim of a snapshot is the only one that a backup deletes; a restore deletes none.
        let deleting = AccessRules.restore.filter { $0.resources.contains("persistentvolumeclaims") }
        #expect(deleting.allSatisfy { rule in !rule.verbs.contains { $0.name == "delete" } })
        #expect(!AccessRules.restoreOfCluster.contains { rule in rule.verbs.contains { $0.name == "delete" } })
    }

    @Test func `only a restore that may escalate has escalate and bind`() async throws {
        func verbs(_ settings: ClusterSettings) async throws -> Set<String> {
            let objects = try await ManifestReading.objects(settings)
            let rules = objects.flatMap { $0["rules"]?.array ?? [] }
            return Set(rules.flatMap { $0["verbs"]?.array ?? [] }.compactMap(\.text))
        }
        var settings = ManifestReading.settings
        #expect(try await verbs(settings).isDisjoint(with: ["escalate", "bind", "impersonate"]))
        settings.restoresAccess = true
        #expect(try await verbs(settings).isSuperset(of: ["escalate", "bind"]))
    }

    /// Kubernetes refuses a Role with permissions that its creator does not have.
    @Test func `a restore has each permission of the backup's Role, which it restores`() {
        let own = AccessRules.restore + AccessRules.restoreOfObjects
        for rule in AccessRules.backup + AccessRules.objects {
            for (resource, verb) in rule.resources.flatMap({ resource in rule.verbs.map { (resource, $0.name) } }) {
                let isCovered = own.contains { other in
                    [rule.group, "*"].contains(other.group)
                        && other.resources.contains { [resource, "*"].contains($0) }
                        && other.verbs.contains { $0.name == verb }
                }
                #expect(isCovered, "\(verb) \(resource).\(rule.group)")
            }
        }
    }

    @Test func `a backup has its Role in each namespace of the stack, and none elsewhere`() async throws {
        var settings = ManifestReading.settings
        settings.namespace = "rescue"
        settings.workloads = ["one", "two"]
        let objects = ManifestReading.byName(try await ManifestReading.objects(settings))
        for namespace in settings.workloads {
            let binding = try #require(objects["RoleBinding \(namespace)/rescue-backup"])
            #expect(binding["subjects"] == [["kind": "ServiceAccount", "name": "dr-backup", "namespace": "rescue"]])
            #expect(objects["Role \(namespace)/rescue-backup"] != nil)
        }
        let binding = try #require(objects["ClusterRoleBinding rescue-backup"])
        #expect(binding["roleRef"]?["name"] == "rescue-backup")
        let rules = try #require(objects["ClusterRole rescue-backup"]?["rules"]?.array)
        #expect(rules.allSatisfy { $0["verbs"]?.array?.contains("create") == false })
    }

    @Test func `the documentation has the table of the permissions`() throws {
        let page = try String(contentsOf: Checkout.url("docs/kubernetes.md"), encoding: .utf8)
        let tables = [
            ("backup", AccessRules.backup + AccessRules.snapshots), ("backup, cluster", AccessRules.backupOfCluster),
            ("restore", AccessRules.restore), ("restore, cluster", AccessRules.restoreOfCluster),
        ]
        for (name, rules) in tables {
            for rule in rules { #expect(page.contains(rule.row), "\(name): \(rule.row)") }
        }
    }
}
