import Foundation
import Kubernetes
import Platform
import Synchronization
import Testing

@testable import Operations

@Suite struct VolumeWaitTests {
    private var kubectl: Kubectl {
        Kubectl(context: nil, namespace: nil, environment: [:], folder: "/", pool: BlockingPool(threads: 1))
    }

    private static func away(_ detail: String = "connection refused") -> KubernetesError {
        var error = KubernetesError(.failed, operation: "kubectl get", detail)
        error.isUnreachable = true
        return error
    }

    @Test func `a wait for the API server is told once, and ends`() async throws {
        var told: [String] = []
        await #expect(throws: Self.away()) {
            try await kubectl.patiently(within: .milliseconds(1200), tell: { told.append($0) }) { throw Self.away() }
        }
        #expect(told.count == 1)
        #expect(told.first?.hasPrefix("the API server does not answer; dr tries until ") == true)
        #expect(told.first?.hasSuffix(" UTC: connection refused") == true)
    }

    @Test func `an API server that answers is not told of`() async throws {
        var told: [String] = []
        #expect(try await kubectl.patiently(tell: { told.append($0) }) { 1 } == 1)
        #expect(told == [])
    }

    @Test func `each reason of a long wait is told once`() {
        let start = ContinuousClock.now
        var reasons = WaitReasons(start: start)
        let looks: [(Double, String)] = [
            (1, "ContainerCreating"), (6, "no node"), (7, "no node"), (8, "no image"), (9, "no node"),
        ]
        let told = looks.filter { reasons.isNew($0.1, at: start + .seconds($0.0)) }.map(\.1)
        #expect(told == ["no node", "no image"])
    }
}
