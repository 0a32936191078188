import Testing

@testable import RecoveryPlan

/// Thaws of archived packs in the forecast.
@Suite struct ColdComponentsTests {
    private static let hours = 5 * 3600.0
    private let past = PastRun(parts: [
        .run("rebuild", 10), .restore("loki", 30, bytes: 100 * .mebibyte),
        .restore("prometheus", 50, bytes: 100 * .mebibyte),
    ])

    private var cold: ColdComponents {
        var cold = ColdComponents()
        cold.seconds["loki"] = [.standard: Self.hours, .bulk: 12 * 3600]
        return cold
    }

    private func plan(thaw request: ThawRequest? = nil, restoresNeedIt: Bool = true) -> Plan {
        let needs = ["rebuild"] + (request != nil && restoresNeedIt ? ["thaw"] : [])
        var steps: [Step] = [.running("rebuild")]
        if let request { steps.append(.thawing(request)) }
        return Rehearsal.plan(
            steps + [.restoring("loki", needs: needs), .restoring("prometheus", needs: ["rebuild"])])
    }

    @Test func `a thaw that no step makes comes before the run`() throws {
        let forecast = try StepTimes(past).forecast(plan(), cold: cold)
        #expect(forecast.thaw?.expected == Self.hours && forecast.unknown == [])
        #expect(forecast.total?.expected == Self.hours + 60 && forecast.total?.samples == 1)
        let never = StepTimes().forecast(plan(), cold: cold)
        #expect(never.total == nil && never.atLeast == Self.hours && never.unknown.count == 3)
        #expect(try StepTimes(past).forecast(plan(), cold: ColdComponents()).total?.expected == 60)
    }

    @Test(arguments: [(ThawRequest.Tier.standard, 5.0), (.bulk, 12)])
    func `a step that thaws takes as long as the store`(tier: ThawRequest.Tier, hours: Double) throws {
        var request = ThawRequest()
        request.tier = tier
        let plan = plan(thaw: request)
        let forecast = try StepTimes(past).forecast(plan, cold: cold)
        #expect(forecast.thaw == nil && forecast.steps["thaw"]?.text == "\(Int(hours))h 0m (usual in the store)")
        #expect(forecast.total?.expected == hours * 3600 + 40)
        let warm = try StepTimes(past).forecast(plan, cold: ColdComponents())
        #expect(warm.steps["thaw"]?.expected == 0 && warm.total?.expected == 60)
        #expect(try StepTimes(past).forecast(plan).unknown == ["thaw"])
    }

    @Test func `a thaw that took less before is not forecast to end before it begins`() throws {
        let measured = try #require(TimeForecast([50, 60, 70]))
        let forecast = cold.forecast(.thawing(ThawRequest()), measured: measured)
        #expect(forecast?.expected == Self.hours && forecast?.low == Self.hours && forecast?.high == Self.hours)
    }

    @Test func `a step that comes too late or has no such speed does not count`() throws {
        let late = plan(thaw: ThawRequest(), restoresNeedIt: false)
        #expect(late.thawedComponents == [] && late.lackingNeeds(of: ["loki"]).count == 1)
        #expect(try StepTimes(past).forecast(late, cold: cold).thaw?.expected == Self.hours)
        var request = ThawRequest()
        (request.tier, request.components) = (.expedited, ["loki"])
        let tooFast = plan(thaw: request)
        #expect(tooFast.thawedComponents == ["loki"])
        #expect(try StepTimes(past).forecast(tooFast, cold: cold).unknown == ["thaw"])
    }

    @Test func `the hours of a thaw count against the objective`() throws {
        let sizes = ["loki", "prometheus"].map { ($0, SizeHistory(newest: 100 * .mebibyte, samples: [])) }
        func today(_ cold: ColdComponents?) throws -> RecoveryOutlook.Point? {
            RecoveryOutlook(
                plan(), try StepTimes(past), sizes: Dictionary(uniqueKeysWithValues: sizes), cold: cold, rto: 4 * 3600,
                now: 1_800_000_000
            ).points.first
        }
        #expect(try today(nil)?.verdict == .fits)
        #expect(try today(cold)?.verdict == .passes)
    }
}
