/// The time spans of forecasts in days: a month, a quarter, half a year, a year.
package enum Horizon: Int, CaseIterable, Sendable {
    case month = 30
    case quarter = 90
    case half = 180
    case year = 365

    package var days: Int { rawValue }
    package var seconds: Double { Double(rawValue) * 86_400 }
}
