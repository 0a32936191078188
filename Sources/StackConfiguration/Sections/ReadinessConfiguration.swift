package import Documents

/// The limits of `dr ready`.
package struct ReadinessConfiguration: Equatable, Sendable {
    /// The time within which each scenario must pass a drill or a recovery: a quarter, with some days to arrange it.
    package var drill = Period.days(100)
    /// The time within which every byte of each component's backup must be read.
    package var verified = Period.days(30)
    /// The time within which each recovery key must open a backup.
    package var key = Period.days(100)

    package init() {}
}

extension ReadinessConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "drill", \.drill, as: .period,
            about: "Time within which each scenario must pass a drill or a recovery. Default: 100d."),
        Key(
            "verified", \.verified, as: .period,
            about: "Time within which every byte of each component's backup must be verified. Default: 30d."),
        Key("key", \.key, as: .period, about: "Time within which each recovery key must be tested. Default: 100d."),
    ]
}

/// The settings of recovery forecasts.
package struct ForecastConfiguration: Equatable, Sendable {
    /// The factor between forecast and measured time above which a run is a finding; above 1.
    package var tolerance = 2.0

    package init() {}
}

extension ForecastConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "tolerance", \.tolerance, as: .factor,
            about:
                "Factor between forecast and measured time of a run, in either direction, above which it is a finding. Default: 2.0."
        )
    ]
}

extension Shape where Value == Double {
    /// A number above 1.
    fileprivate static let factor = Shape(schema: ["type": "number", "exclusiveMinimum": 1]) { node, reader in
        guard let text = node.scalar?.string, let factor = Double(text), factor.isFinite, factor > 1 else {
            reader.complain(node, "expected a number above 1 such as 2.0, found \(node.kindForPeople)")
            return nil
        }
        return factor
    }
}
