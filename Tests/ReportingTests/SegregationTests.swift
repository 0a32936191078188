import Platform
import RecoveryPlan
import Testing

@testable import Reporting

@Suite struct SegregationTests {
    private static let source = RunProvenance(
        host: "backup", machine: "m1", boot: "b1", account: "root (uid 0)", networks: ["10.0.3.0/24"],
        credentials: "c1", signer: "s1")
    private static let drill = RunProvenance(
        host: "drill", machine: "m2", boot: "b2", account: "root (uid 0)", networks: ["10.0.4.0/24"], credentials: "c2",
        signer: "s2")

    private func segregation(
        _ change: (inout RunProvenance) -> Void, clusters: [String]? = nil, sets: [String] = ["one"]
    ) -> Segregation {
        var run = Self.drill
        change(&run)
        let context = AuditContext(run: run, sources: ["one": Self.source], clusters: clusters, components: [])
        return Segregation(context, sets: sets)
    }

    @Test func `a second host with its own network and keys is segregated`() {
        let shown = segregation { _ in }
        #expect(shown.verdict == .shown)
        #expect(
            shown.reasons == [
                "the hosts differ: 'backup' and 'drill'", "networks, store credentials and signing keys differ",
            ])
    }

    private static let same: [@Sendable (inout RunProvenance) -> Void] = [
        { $0.host = "backup" }, { $0.machine = "m1" }, { $0.boot = "b1" },
    ]

    @Test(arguments: same.indices) func `one host is not segregated from itself`(_ index: Int) {
        let found = segregation(Self.same[index])
        #expect(found.verdict == .notShown)
        #expect(found.reasons == ["the run was on host 'backup', which made the backup"])
    }

    private static let doubts: [(String, @Sendable (inout RunProvenance) -> Void)] = [
        ("both hosts have a network 10.0.3.0/24", { $0.networks.append("10.0.3.0/24") }),
        ("a network is not known", { $0.networks = [] }),
        ("both hosts have the same store credentials", { $0.credentials = "c1" }),
        ("the store credentials are not comparable", { $0.credentials = nil }),
        ("both hosts sign with the same key", { $0.signer = "s1" }),
        ("the host of the run has no signing key of its own", { $0.signer = nil }),
    ]

    @Test(arguments: doubts.indices) func `a doubt leaves the segregation in part`(_ index: Int) {
        let (words, change) = Self.doubts[index]
        let found = segregation(change)
        #expect(found.verdict == .inPart)
        #expect(found.reasons.contains { $0.hasPrefix(words) }, "\(found.reasons)")
    }

    @Test func `a cluster and a set without a record are doubts too`() {
        let cluster = segregation({ _ in }, clusters: ["drills"])
        #expect(cluster.verdict == .inPart && cluster.reasons.contains { $0.contains("the data are in drills") })
        let old = segregation({ _ in }, sets: ["one", "early"])
        #expect(old.verdict == .notShown && old.reasons == ["set early does not record where it was made"])
    }
}
