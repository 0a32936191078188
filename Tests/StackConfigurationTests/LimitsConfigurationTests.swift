import Testing

@testable import StackConfiguration

/// `limits:`.
@Suite struct LimitsConfigurationTests {
    private func text(_ limits: String) -> String {
        """
        store: {url: "s3://first/dr"}
        components:
          rules: {kind: files, data: /etc/prometheus/rules}
        limits: {\(limits)}
        """
    }

    @Test func `all limits are read`() throws {
        let limits = try parse(
            text(
                "memory: 128MiB, parallelism: 3, bandwidth: {backup: 20MiB, restore: 50MiB}, disk: 100MiB, nice: 10, "
                    + "ionice: idle")
        ).limits
        #expect(limits.memory == 128 << 20)
        #expect(limits.parallelism == 3)
        #expect(limits.bandwidth.backup == 20 << 20)
        #expect(limits.bandwidth.restore == 50 << 20)
        #expect(limits.disk == 100 << 20)
        #expect(limits.nice == 10)
        #expect(limits.ionice == .idle)
    }

    @Test func `auto is the default`() throws {
        #expect(try parse(text("parallelism: auto")).limits == LimitsConfiguration())
    }

    @Test(arguments: [
        ("memory: 3MiB", "out of range"), ("parallelism: 0", "out of range"), ("parallelism: many", "whole number"),
        ("bandwidth: {backup: 3}", "out of range"), ("bandwidth: {upload: 3MiB}", "upload"),
        ("nice: -5", "out of range"), ("nice: 20", "out of range"), ("ionice: none", "idle"),
        ("disk: fast", "expected a size"),
    ])
    func `a limit that cannot be kept is refused`(limits: String, complaint: String) {
        let complaints = complaints(text(limits))
        #expect(complaints.contains { $0.contains(complaint) }, "\(complaints)")
    }

    @Test(arguments: [(96, 20), (128, 52), (1024, 948)])
    func `the memory for contents is what the process does not need itself`(memory: Int, contents: Int) {
        #expect(LimitsConfiguration.forContents(of: memory << 20) == contents << 20)
    }
}
