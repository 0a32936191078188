import Platform

extension TimeForecast {
    /// The forecast as text: `12m 3s (9m 2s to 15m 1s, 3 samples)`.
    package var text: String {
        if isLowerBound {
            let origin = samples > 0 ? Units.count(samples, "rehearsal") : "waits of the plan"
            return "at least \(Units.duration(low)) (\(origin))"
        }
        guard samples > 0 else {
            return "\(Units.duration(expected)) (\(basis == .thaw ? "usual in the store" : "waits of the plan"))"
        }
        return "\(Units.duration(expected)) (\(range), \(samples) sample\(samples == 1 ? "" : "s"))"
    }

    /// The range as text; a single measurement has none.
    package var range: String {
        hasRange ? "\(Units.duration(low)) to \(Units.duration(high))" : "no range"
    }

    /// Returns a comparison with a measured duration.
    package func comparison(with seconds: Double) -> String {
        let words =
            samples == 1
            ? "one earlier run is too few for a range"
            : seconds > high ? "longer than forecast" : seconds < low ? "shorter than forecast" : "within the range"
        return "forecast: \(text)\(origin); it took \(Units.duration(seconds)), \(words)\(bands(of: seconds))"
            + "; error \(ForecastHistory.signed(seconds - expected))"
    }

    /// The runs that the forecast comes from.
    private var origin: String {
        switch source {
        case .recoveries?: " by recoveries"
        case .drills?: " by drills"
        case .both?: " by recoveries and drills"
        case nil: ""
        }
    }

    /// The narrowest band that contains the duration; empty for a forecast without bands.
    private func bands(of seconds: Double) -> String {
        guard let band50, let band90 else { return "" }
        return band50.contains(seconds)
            ? ", in the 50 % band" : band90.contains(seconds) ? ", in the 90 % band" : ", outside the 90 % band"
    }
}
