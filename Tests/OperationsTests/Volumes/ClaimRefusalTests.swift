import Documents
import Testing

@testable import Operations

@Suite struct ClaimRefusalTests {
    private static func claim(size: String, mode: String = "Filesystem", isDeleted: Bool = false) -> JSONValue {
        var metadata: JSONValue = ["name": "data"]
        if isDeleted { metadata["deletionTimestamp"] = "2026-11-01T00:00:00Z" }
        return [
            "metadata": metadata, "spec": ["volumeMode": .string(mode)],
            "status": ["capacity": ["storage": .string(size)]],
        ]
    }

    @Test(arguments: [
        (claim(size: "1Ki"), "has 1Ki", "enlarge it, or remove it"),
        (claim(size: "1Gi", isDeleted: true), "is being deleted", "wait until it is gone"),
        (claim(size: "1Gi", mode: "Block"), "is a block device", "name another claim"),
        (claim(size: "1Ki", mode: "Block"), "is a block device", "name another claim"),
    ])
    func `the hint fits the reason why a claim cannot take a set`(
        _ claim: JSONValue, _ detail: String, _ hint: String
    ) throws {
        let refusal = try #require(VolumeRestore.refusal(of: claim, named: "data", needed: 1 << 20))
        #expect(refusal.detail.contains(detail) && refusal.hint?.contains(hint) == true, "\(refusal)")
        #expect(refusal.hint?.contains("enlarge") == hint.contains("enlarge"))
    }

    @Test func `a claim that is large enough takes the set`() {
        #expect(VolumeRestore.refusal(of: Self.claim(size: "1Gi"), named: "data", needed: 1 << 20) == nil)
    }
}
