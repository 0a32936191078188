internal import Platform

/// The schema periods of a Loki, by day.
struct IndexPeriods: Equatable, Sendable {
    /// In the order of their first day.
    private let periods: [(day: Int, period: LokiSettings.Period)]

    init(_ periods: [LokiSettings.Period]) {
        self.periods = periods.compactMap { period in Self.day(period.from).map { ($0, period) } }
            .sorted { $0.0 < $1.0 }
    }

    static func == (left: IndexPeriods, right: IndexPeriods) -> Bool {
        left.periods.map(\.period) == right.periods.map(\.period)
    }

    var all: [LokiSettings.Period] { periods.map(\.period) }

    /// The period whose index lists the chunks of a day; nil before the first period.
    func period(ofDay day: Int) -> LokiSettings.Period? { periods.last { $0.day <= day }?.period }

    /// The days since 1970 of a date such as "2024-04-01".
    static func day(_ date: String) -> Int? {
        let parts = date.prefix(10).split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
            (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        // Years that begin in March, so that the leap day is the last one.
        let (shifted, fromMarch) = (month > 2 ? year : year - 1, (month + 9) % 12)
        let leaps = shifted / 4 - shifted / 100 + shifted / 400
        return shifted * 365 + leaps + (fromMarch * 153 + 2) / 5 + day - 719_469
    }
}
