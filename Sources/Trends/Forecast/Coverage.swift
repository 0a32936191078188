/// The probability with which a range of a forecast is to contain the next value.
package enum Coverage: Double, CaseIterable, Sendable {
    case half = 0.5
    case ninety = 0.9
    case ninetyFive = 0.95

    /// The distance of the range's ends from its middle, in units of the standard deviation.
    func quantile(degrees: Int) -> Double { StudentT.quantile((1 + rawValue) / 2, degrees: degrees) }
}
