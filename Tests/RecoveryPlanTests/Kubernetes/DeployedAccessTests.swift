import Foundation
import Kubernetes
import Lab
import ShippedPlans
import Testing

@testable import RecoveryPlan

/// The permissions of the restore in `deploy`, and the needs of the shipped plans.
@Suite struct DeployedAccessTests {
    private struct Rule {
        var group: String
        var resources: [String]
        var verbs: [String]
    }

    /// The rules of the ClusterRole, which the command writes in one form.
    private static func rules() throws -> [Rule] {
        let text = try String(contentsOf: Checkout.url("deploy/kustomize/access-restore.yaml"), encoding: .utf8)
        func words(_ list: Substring) -> [String] {
            list.split(separator: ", ").map { $0.trimmingCharacters(in: ["\""]) }
        }
        return text.matches(of: /- apiGroups: \[(.*)\]\n  resources: \[(.*)\]\n  verbs: \[(.*)\]/).map {
            Rule(group: words($0.1).first ?? "", resources: words($0.2), verbs: words($0.3))
        }
    }

    /// The groups and plurals of the types that the shipped plans name.
    private static let plurals = [
        "statefulset": ("apps", "statefulsets"), "deployment": ("apps", "deployments"), "pod": ("", "pods"),
        "pods": ("", "pods"), "jobs": ("batch", "jobs"), "cronjob": ("batch", "cronjobs"),
        "replicasets": ("apps", "replicasets"), "controllerrevisions": ("apps", "controllerrevisions"),
        "persistentvolumeclaim": ("", "persistentvolumeclaims"),
    ]

    @Test(arguments: ShippedPlan.all.map(\.file)) func `the restore in deploy may do what a shipped plan does`(
        _ file: String
    ) throws {
        let rules = try Self.rules()
        #expect(rules.count > 20)
        let text = try #require(ShippedPlan.all.first { $0.file == file }).text
        var overrides = ShippedPlanTests.needed["\(file.dropLast(5)) kubernetes"] ?? [:]
        overrides["platform"] = "kubernetes"
        overrides["context"] = ""
        overrides = overrides.filter { text.contains("  \($0.key):") }
        let scope = PlanScope(
            .run, overrides: overrides, components: ShippedPlanTests.everything, run: "r", set: "20260101T000000Z")
        let plan = try PlanText(text, file: file, folder: "/etc/dr").read(in: scope)
        let actions = plan.kubectlActions
        // An empty parameter is no context.
        #expect(actions.allSatisfy { $0.context == nil })
        for need in actions.flatMap(\.needs) {
            let (group, plural) = try #require(Self.plurals[need.type], "\(need)")
            let resource = need.subresource.map { "\(plural)/\($0)" } ?? plural
            #expect(
                rules.contains { $0.group == group && $0.resources.contains(resource) && $0.verbs.contains(need.verb) },
                "\(need)")
        }
    }

    @Test func `shipped plans have actions to look at`() throws {
        let text = try #require(ShippedPlan.all.first { $0.file == "complete_cluster_loss.yaml" }).text
        let scope = PlanScope(
            .run, overrides: ["platform": "kubernetes", "context": ""], components: ShippedPlanTests.everything,
            run: "r", set: "20260101T000000Z")
        let plan = try PlanText(text, file: "x", folder: "/etc/dr").read(in: scope)
        #expect(plan.kubectlActions.flatMap(\.needs).count > 4)
    }
}

extension Plan {
    fileprivate var kubectlActions: [KubectlAction] {
        steps.flatMap(\.actions).compactMap { $0.action as? KubectlAction }
    }
}
