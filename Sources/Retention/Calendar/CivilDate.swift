/// A day of the Gregorian calendar, and its number counted from 1970-01-01.
///
/// The arithmetic is done here, not by `Calendar`, because a decision over seven years of hourly sets needs some
/// hundred thousand dates. Years are counted from March, so that the leap day is the last of its year.
struct CivilDate: Hashable, Sendable {
    var year: Int
    /// 1...12
    var month: Int
    /// 1...31
    var day: Int

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    init(daysSince1970 days: Int) {
        // Day 0 of the count is 0000-03-01, which lies 719,468 days before 1970-01-01.
        let (era, dayOfEra) = (days + 719_468).dividedDown(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        // The lengths of months from March repeat as 31, 30, 31, 30, 31 days: 153 for five of them.
        let march = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * march + 2) / 5 + 1
        month = march < 10 ? march + 3 : march - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }

    var daysSince1970: Int {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).dividedDown(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Days of a month, counted in months since the year 0.
    static func days(inMonth month: Int) -> Int {
        let (year, index) = month.dividedDown(by: 12)
        switch index {
        case 1: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 3, 5, 8, 10: return 30
        default: return 31
        }
    }

    /// The ISO 8601 week: the year of its Thursday, and its number, 1...53.
    static func isoWeek(ofDay days: Int) -> (year: Int, week: Int) {
        let thursday = (days + 3).dividedDown(by: 7).quotient * 7
        let year = CivilDate(daysSince1970: thursday).year
        return (year, (thursday - CivilDate(year: year, month: 1, day: 1).daysSince1970) / 7 + 1)
    }
}

extension Int {
    /// Returns the quotient rounded down and its remainder, never negative: times before 1970 count like others.
    func dividedDown(by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// Decimal digits, padded with zeros to a width.
    func padded(_ width: Int = 2) -> String {
        let digits = String(magnitude)
        return (self < 0 ? "-" : "") + String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}
