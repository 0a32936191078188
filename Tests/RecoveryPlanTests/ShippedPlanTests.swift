import Documents
import Foundation
import Kubernetes
import ShippedPlans
import Testing

@testable import RecoveryPlan

/// Tests that the built-in plans are valid on every platform.
@Suite struct ShippedPlanTests {
    static let everything = [
        "prometheus": ["url": "http://p:9090", "data": "/p"], "loki": ["url": "http://l:3100", "data": "/l"],
        "grafana": ["url": "http://g:3000"], "jaeger": ["url": "http://e:9200"], "configuration": ["url": "/c.git"],
        "rules": ["data": "/r"], "objects": ["namespace": "monitoring"],
    ]
    private static let sites: [String: [String: [String: String]]] = [
        "all": everything, "prometheus alone": everything.filter { $0.key == "prometheus" },
        "two": ["prometheus": ["url": "http://p:9090", "data": "/p"], "loki": ["data": "/l"]],
    ]
    static let needed = [
        "component_update host": ["component": "prometheus", "update": "[u]", "undo": "[u]"],
        "component_update kubernetes": [
            "component": "prometheus", "workload": "statefulset/prometheus", "manifests": "new", "previous": "old",
        ],
    ]

    @Test(arguments: ShippedPlan.all.map(\.file), ["host", "kubernetes"])
    func `is valid on every platform with whatever components`(_ file: String, _ platform: String) throws {
        let text = try #require(ShippedPlan.all.first { $0.file == file }).text
        let scenario = String(file.dropLast(5))
        for (site, components) in Self.sites {
            var overrides = Self.needed["\(scenario) \(platform)"] ?? [:]
            if text.contains("  platform:") { overrides["platform"] = platform }
            if text.contains("  context:"), platform == "kubernetes" { overrides["context"] = "c" }
            let scope = PlanScope(
                .run, overrides: overrides, components: components, run: "r", set: "20260101T000000Z")
            let review = PlanReview(
                PlanText(text, file: file, folder: "/etc/dr"), in: scope,
                PlanReview.Surroundings(
                    components: Array(components.keys), checks: nil, environment: ["PATH": "/usr/bin"]))
            #expect(review.errors == [], "\(site)")
            let plan = try review.checked()
            #expect(plan.scenario == scenario && plan.procedure != nil && plan.about != nil)
            let restored = Set(plan.steps.compactMap { ($0.action?.action as? RestoreAction)?.component })
            if scenario == "complete_cluster_loss" {
                let possible = platform == "host" ? components.filter { $0.key != "objects" } : components
                #expect(restored == Set(possible.keys), "\(site)")
            }
            // A plan for one platform contains no actions of the other.
            let words = plan.steps.flatMap(\.actions).map(\.keyword)
            #expect(!words.contains("kubectl") || platform == "kubernetes")
        }
    }

    @Test func `those of the runbook are there`() throws {
        let library = try PlanLibrary(plans: nil, shipped: ShippedPlan.all, folder: "/")
        for name in [
            "complete_cluster_loss", "prometheus_data_corruption", "prometheus_corruption",
            "monitoring_namespace_deletion", "namespace_deletion", "component_update", "incident_response",
        ] {
            #expect(try library.entry(for: name).isBuiltIn)
        }
    }

    @Test func `the plan restores components in parallel`() throws {
        let text = try #require(ShippedPlan.all.first { $0.file == "complete_cluster_loss.yaml" }).text
        let plan = try PlanText(text, file: "x", folder: "/").read(
            in: PlanScope(.run, components: Self.everything, run: "r", set: "s"))
        let wave = StepGraph(plan.steps).waves.first { $0.contains { $0.id == "prometheus" } }
        #expect(wave?.contains { $0.id == "loki" } == true)
        let order = StepGraph(plan.steps).waves.flatMap { $0 }.map(\.id)
        #expect(order.first == "declare" && order.last == "postmortem")
    }

    @Test func `an empty command leaves the server to others`() throws {
        let text = try #require(ShippedPlan.all.first { $0.file == "prometheus_data_corruption.yaml" }).text
        let scope = PlanScope(
            .run, overrides: ["stop_prometheus": "[]", "start_prometheus": "touch /x"],
            components: Self.everything, run: "r", set: "s")
        let step = try #require(
            try PlanText(text, file: "x", folder: "/").read(in: scope).steps.first { $0.id == "prometheus" })
        #expect(step.stop.isEmpty && (step.start.first?.action as? RunAction)?.words == ["touch", "/x"])
    }

    /// A workload whose component is not restored would stay at 0 replicas.
    @Test(arguments: [["prometheus", "loki"], ["prometheus"], []]) func `a plan holds the workloads that it scales up`(
        _ components: [String]
    ) throws {
        let text = try #require(ShippedPlan.all.first { $0.file == "complete_cluster_loss.yaml" }).text
        let scope = PlanScope(
            .run, overrides: ["platform": "kubernetes", "context": "c"],
            components: Self.everything.filter { components.contains($0.key) }, run: "r", set: "20260101T000000Z")
        var plan = try PlanText(text, file: "p", folder: "/etc/dr").read(in: scope)
        plan.releaseUnscaledWorkloads()
        let held = plan.steps.compactMap { step -> [String]? in
            guard case .apply(_, let hold)? = (step.action?.action as? KubectlAction)?.verb else { return nil }
            return hold.map(\.description)
        }
        #expect(held == [components.map { "statefulset/\($0)" }])
    }
}
