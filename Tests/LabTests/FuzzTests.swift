import Foundation
import Fuzzing
import Lab
import Testing

/// The fuzzer finds each kind of fault, and finds none in dr. `make fuzz` runs it for longer.
@Suite struct FuzzTests {
    private func campaign(seed: UInt64, seconds: Double, corpus: String) -> FuzzCampaign {
        FuzzCampaign(program: Checkout.labProgram, seed: seed, seconds: seconds, corpus: corpus)
    }

    @Test(
        .timeLimit(.minutes(15)),
        arguments: [
            ("trap", "signal"), ("hang", "hang"), ("memory", "memory"), ("outside", "wrong result: written outside"),
            ("content", "wrong result: other content"),
        ])
    func `a planted fault is found, stored and made shorter`(_ fault: String, _ reason: String) async throws {
        let corpus = try TemporaryFolder("corpus")
        var campaign = campaign(seed: 1, seconds: 30, corpus: corpus.path)
        (campaign.planted, campaign.most) = (fault, 1)
        let report = try await campaign.run()
        let finding = try #require(report.findings.first)
        #expect(finding.target == "planted" && finding.reason.hasPrefix(reason), "\(finding)")
        let input = try Data(contentsOf: URL(filePath: finding.file))
        #expect(input.contains(UInt8(ascii: "T")))
        // A hang is stored as it is: each try would take its whole time. The inputs have 50 letters.
        #expect(fault == "hang" ? input.count == 50 : input.count < 50, "\(String(decoding: input, as: UTF8.self))")

        // A stored case runs first, so that a fault which comes back is found at once.
        campaign.seconds = 0
        let again = try await campaign.run()
        #expect(again.stored == 1 && again.findings.map(\.file) == [finding.file])
    }

    /// The first seed is always the same; the second is new in each run, and printed.
    @Test(.timeLimit(.minutes(15)), arguments: [1, nil] as [UInt64?])
    func `hostile inputs do no harm`(seed: UInt64?) async throws {
        let seed = seed ?? UInt64.random(in: 2...999_999_999)
        let corpus = try TemporaryFolder("corpus")
        let stored = Checkout.url("fixtures/fuzz").path
        for name in try FileManager.default.contentsOfDirectory(atPath: stored) where name.hasSuffix(".case") {
            try FileManager.default.copyItem(atPath: "\(stored)/\(name)", toPath: "\(corpus.path)/\(name)")
        }
        let report = try await campaign(seed: seed, seconds: 25, corpus: corpus.path).run()
        print("fuzz: seed \(seed), \(report.stored) stored and \(report.cases) new cases")
        #expect(report.findings.isEmpty, "run: dr-lab fuzz --seed \(seed)")
        #expect(report.cases > 0)
    }
}
