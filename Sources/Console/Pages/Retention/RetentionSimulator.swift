import Dispatch
import Documents
import Operations
import Platform
import Retention
import Synchronization

/// The simulator of the retention page: the fields of its form, within their bounds, and the result.
struct RetentionSimulator {
    struct Field: Sendable {
        var name: String
        var label: String
        var unit: String
        var range: ClosedRange<Int>
        var usual: Int
    }

    /// The tiers and the other rules, each as a slider.
    static let rules = [
        Field(name: "hourly", label: "One an hour for", unit: "hours", range: 0...168, usual: 24),
        Field(name: "daily", label: "One a day for", unit: "days", range: 0...120, usual: 30),
        Field(name: "weekly", label: "One a week for", unit: "weeks", range: 0...104, usual: 12),
        Field(name: "monthly", label: "One a month for", unit: "months", range: 0...84, usual: 12),
        Field(name: "yearly", label: "One a year for", unit: "years", range: 0...15, usual: 7),
        Field(name: "keep_last", label: "Always the newest", unit: "sets", range: 0...100, usual: 0),
    ]
    static let model = [
        Field(name: "years", label: "Simulated time", unit: "years", range: 1...10, usual: 3),
        Field(name: "growth", label: "Growth a month", unit: "%", range: 0...50, usual: StorageModel.usualGrowth),
        Field(name: "change", label: "Replaced a day", unit: "%", range: 0...100, usual: 5),
        Field(name: "price", label: "Price of a GB and month", unit: "thousandths", range: 0...200, usual: 23),
    ]
    static let schedules = ["hourly", "every 6h", "daily", "weekly"]

    /// The notation of the field `size`.
    static let sizePattern = "[1-9][0-9]{0,3}(KiB|MiB|GiB|TiB)"
    private static let usualSize = "20GiB"

    private var values: [String: Int] = [:]
    /// The size of one full backup, such as `20GiB`.
    private(set) var size: String
    /// The origin of ``size``, as a sentence.
    private(set) var sizeOrigin: String
    private(set) var schedule = "hourly"
    private let zone: DeclaredZone

    /// - Parameters:
    ///   - policy: the configured policy, whose values the form starts with.
    ///   - query: the fields of the form; values that are not valid are ignored.
    ///   - newestBytes: the size of the newest complete set; nil if there is none.
    init(_ policy: RetentionPolicy, query: [(name: String, value: String)], newestBytes: Int? = nil) {
        zone = policy.timeZone
        let given = query.first { $0.name == "size" }.flatMap { Self.bytes(ofSize: $0.value) == nil ? nil : $0.value }
        let newest = newestBytes.map(ByteCount.text)
        let size = given ?? newest ?? Self.usualSize
        self.size = size
        sizeOrigin =
            switch newest {
            case nil: "No set is known yet; the size is assumed."
            case size: "That is the newest complete set, before compression."
            case let newest?: "The newest complete set has \(newest)."
            }
        if !policy.isEmpty {
            for field in Self.rules { values[field.name] = 0 }
            values["hourly"] = Self.count(policy.hourly, of: 3600)
            values["daily"] = Self.count(policy.daily, of: 86_400)
            values["weekly"] = Self.count(policy.weekly, of: 7 * 86_400)
            values["monthly"] = Self.count(policy.monthly, of: 2_629_800)
            values["yearly"] = Self.count(policy.yearly, of: 31_557_600)
            values["keep_last"] = policy.keepLast ?? 0
        }
        for (name, text) in query {
            if name == "schedule", Self.schedules.contains(text) { schedule = text }
            if (Self.rules + Self.model).contains(where: { $0.name == name }), let number = Int(text) {
                values[name] = number
            }
        }
    }

    /// - Returns: nil for a text that is not a size such as `20GiB`.
    static func bytes(ofSize text: String) -> Int? {
        guard text.wholeMatch(of: /[1-9][0-9]{0,3}(KiB|MiB|GiB|TiB)/) != nil else { return nil }
        return ByteCount.parse(text)
    }

    private static func count(_ length: CalendarLength?, of seconds: Int) -> Int {
        length.map { ($0.nominalSeconds + seconds / 2) / seconds } ?? 0
    }

    func value(_ field: Field) -> Int {
        min(max(values[field.name] ?? field.usual, field.range.lowerBound), field.range.upperBound)
    }

    private func value(_ name: String) -> Int {
        (Self.rules + Self.model).first { $0.name == name }.map(value) ?? 0
    }

    /// The fields as the query of an address.
    var query: String {
        ((Self.rules + Self.model).map { "\($0.name)=\(value($0))" } + [
            "size=\(size)", "schedule=\(schedule.replacing(" ", with: "+"))",
        ])
        .joined(separator: "&")
    }

    /// The policy of the form.
    var policy: RetentionPolicy {
        func length(_ name: String, _ make: (Int) -> CalendarLength) -> CalendarLength? {
            value(name) > 0 ? make(value(name)) : nil
        }
        return RetentionPolicy(
            hourly: length("hourly") { .hours($0) }, daily: length("daily") { .days($0) },
            weekly: length("weekly") { .weeks($0) }, monthly: length("monthly") { .months($0) },
            yearly: length("yearly") { .years($0) }, keepLast: value("keep_last") > 0 ? value("keep_last") : nil,
            timeZone: zone)
    }

    struct Result: Sendable {
        var report: SimulationReport
        /// The picture as a document.
        var picture: String
        /// The picture as a part of a page, with the colours of its style sheet.
        var chart: String
        var summary: String
        var rows: [(day: String, kept: Int, stored: String, price: String)]
    }

    /// The limit of the work: days, each multiplied by the sets that the rules keep.
    private static let mostSetDays = 1_000_000

    /// The years to simulate: fewer than chosen for a policy that keeps so many sets that the work exceeds the limit.
    var years: Int {
        let sets = Self.rules.reduce(0) { $0 + value($1) }
        return min(value("years"), max(1, Self.mostSetDays / (366 * max(1, sets))))
    }

    /// Simulates; takes up to a second or two.
    /// - Returns: nil for a policy without a rule.
    func run(now: Int) -> Result? {
        let policy = policy
        guard !policy.isEmpty, let schedule = Schedule(schedule) else { return nil }
        var simulation = Simulation(
            policy: policy, schedule: schedule, start: zone.startOfDay(now), length: .years(years))
        simulation.model = StorageModel(
            size: Double(Self.bytes(ofSize: size) ?? 0), monthlyGrowth: Double(value("growth")) / 100,
            dailyChange: Double(value("change")) / 100, pricePerGBMonth: Double(value("price")) / 1000)
        guard let outcome = simulation.run(), let last = outcome.days.last else { return nil }
        let shortening = years < value("years") ? " (the longest simulation of so many sets)" : ""
        let names = zone.days(of: outcome.days.map(\.end))
        let days = outcome.days.indices.filter { index in
            index == outcome.days.count - 1 || names[index].prefix(4) != names[index + 1].prefix(4)
        }
        return Result(
            report: SimulationReport(simulation, outcome, listsSets: false),
            picture: SimulationPicture(simulation, outcome).svg,
            chart: SimulationPicture(simulation, outcome, palette: .page).svg,
            summary: "\(policy.summary), backups \(schedule): \(Units.count(last.kept, "set")) after "
                + "\(Units.count(years, "year"))\(shortening), \(Units.bytes(Int(clamping: last.stored))), "
                + "\(Units.fixed(last.pricePerMonth, 2)) a month in the currency of the price",
            rows: days.map { index in
                let day = outcome.days[index]
                return (
                    names[index], day.kept, Units.bytes(Int(clamping: day.stored)), Units.fixed(day.pricePerMonth, 2)
                )
            })
    }
}

/// Simulations, one at a time: each keeps a processor busy. A few requests may wait.
final class SimulationQueue: Sendable {
    static let mostWaiting = 2

    private struct State {
        var last: (key: String, result: RetentionSimulator.Result?)?
        /// The requests that wait or simulate.
        var inside = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    // Start from zero: Dispatch traps if a semaphore is released with a lower value than it began with.
    private let turn = DispatchSemaphore(value: 0)

    init() { turn.signal() }

    /// The requests that wait or simulate.
    var inside: Int { state.withLock(\.inside) }

    /// - Parameter key: the same for the same result; the last one is kept.
    /// - Throws: ``PageFailure`` if too many wait, or the console ends.
    func result(_ key: String, _ make: () -> RetentionSimulator.Result?) throws -> RetentionSimulator.Result? {
        if let last = last(key) { return last.result }
        try state.withLock { state in
            guard !state.isStopped, state.inside <= Self.mostWaiting else {
                throw PageFailure.busy("the console simulates for other visitors")
            }
            state.inside += 1
        }
        defer { state.withLock { $0.inside -= 1 } }
        turn.wait()
        defer { turn.signal() }
        if state.withLock(\.isStopped) { throw PageFailure.busy("the console ends") }
        if let last = last(key) { return last.result }
        let result = make()
        state.withLock { $0.last = (key, result) }
        return result
    }

    private func last(_ key: String) -> (key: String, result: RetentionSimulator.Result?)? {
        state.withLock { state in state.last?.key == key ? state.last : nil }
    }

    /// Ends the wait of all requests, and refuses new ones.
    func stop() {
        state.withLock { $0.isStopped = true }
        for _ in 0..<Self.mostWaiting { turn.signal() }
    }
}
