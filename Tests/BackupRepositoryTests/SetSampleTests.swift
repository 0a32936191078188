import BackupRepository
import Testing

@Suite struct SetSampleTests {
    @Test func `few names are all taken`() {
        #expect([Timestamp]().spread(most: 60).isEmpty)
        let names = [100, 3700, 7300].map { Timestamp(seconds: $0) }
        #expect(names.spread(most: 60) == names)
        #expect(names.spread(most: 1) == [names[2]])
    }

    /// Hourly sets of two days, and daily ones before them: the sample has as many old sets as there are days.
    @Test func `recent hourly backup sets do not crowd older sets out of the sample`() {
        let days = (0..<88).map { Timestamp(seconds: $0 * 86_400) }
        let hours = (0..<48).map { Timestamp(seconds: 88 * 86_400 + $0 * 3600) }
        let sample = (days + hours).spread(most: 60)
        #expect(sample.count == 60 && sample == sample.sorted())
        #expect(sample.last == hours.last)
        #expect(sample.count { $0 >= hours[0] } <= 2)
    }
}
