/// The components of a run whose packs are archived, with the seconds that the store usually takes at most to thaw
/// them.
package struct ColdComponents: Equatable, Sendable {
    /// By component and speed; a speed that the class of the packs does not offer is absent.
    package var seconds: [String: [ThawRequest.Tier: Double]] = [:]

    package init() {}

    /// The time of a thaw; 0 if none of the components is archived, nil if the speed is not offered.
    private func time(of components: some Collection<String>, at speed: ThawRequest.Tier) -> Double? {
        let times = components.compactMap { seconds[$0] }.map { $0[speed] }
        return times.contains { $0 == nil } ? nil : times.compactMap { $0 }.max() ?? 0
    }

    /// A step that thaws: as long as the store takes for what is archived now. Earlier runs may have found nothing to
    /// thaw, or more than now.
    /// - Parameter forecast: by earlier runs.
    /// - Returns: nil for another step, and for a speed that is not offered.
    func forecast(_ step: Step, measured forecast: TimeForecast?) -> TimeForecast? {
        guard let request = (step.action?.action as? ThawAction)?.request else { return nil }
        let names = request.components.isEmpty ? Array(seconds.keys) : request.components
        guard let time = time(of: names, at: request.tier) else { return nil }
        guard time > 0, let forecast else { return TimeForecast.thaw(time) }
        return forecast.notBelow(time)
    }

    /// The thaw for the restores that no step thaws, at the usual speed: without it the run is refused.
    func thaw(before plan: Plan) -> TimeForecast? {
        let restored = Set(plan.unthawedRestores.map(\.action.component))
        guard let time = time(of: restored, at: .standard), time > 0 else { return nil }
        return .thaw(time)
    }
}
