import ArgumentParser
import Documents
import FoundationEssentials
import Glibc
import Retention
import StackConfiguration

/// Reads the arguments of `dr retention simulate`.
struct SimulationArguments {
    let command: RetentionSimulate

    init(_ command: RetentionSimulate) { self.command = command }

    /// - Throws: `ValidationError` for a size that the command line gives and that is not valid.
    func checkSize() throws { if let size = command.size { _ = try bytes(of: size) } }

    private func bytes(of size: String) throws -> Int {
        guard let bytes = ByteCount.parse(size), bytes > 0 else {
            throw ValidationError("--size takes a size such as 20GiB, not '\(size)'")
        }
        return bytes
    }

    /// - Parameter size: of one full backup, such as `20GiB`.
    func simulation(_ policy: RetentionPolicy, size: String, now: Int) throws -> Simulation {
        guard let schedule = Schedule(command.schedule) else {
            throw ValidationError("--schedule takes hourly, daily, weekly, monthly, or 'every 15m' (at least 1m)")
        }
        guard let length = CalendarLength(command.length), !length.isZero else {
            throw ValidationError("--for takes a length of time such as 7y, not '\(command.length)'")
        }
        // A machine simulates this in a few seconds, and no plan needs more.
        guard length.nominalSeconds <= 100 * 366 * 86_400 else { throw ValidationError("--for takes up to 100y") }
        guard length.nominalSeconds / schedule.every.nominalSeconds <= 10_000_000 else {
            throw ValidationError(
                "the simulation has more than 10,000,000 backups; shorten --for, or lengthen the interval of --schedule"
            )
        }
        let size = try bytes(of: size)
        guard command.costPerGBMonth >= 0, command.costPerGBMonth.isFinite else {
            throw ValidationError("--cost-per-gb-month takes a price from 0")
        }
        let zone = policy.timeZone
        let start = try command.from.map { try Self.day($0, option: "--from", in: zone) } ?? zone.startOfDay(now)
        var simulation = Simulation(policy: policy, schedule: schedule, start: start, length: length)
        simulation.model = StorageModel(
            size: Double(size), monthlyGrowth: try rate(command.growth, "--growth", upTo: 10, days: 30.4375),
            dailyChange: try rate(command.changeRate, "--change-rate", upTo: 1, days: 1),
            pricePerGBMonth: command.costPerGBMonth)
        simulation.outages = try command.outage.map { try outage($0, zone) }
        return simulation
    }

    /// A time in the given day, or the given length after the start.
    static func moment(_ text: String, option: String, from start: Int, in zone: DeclaredZone) throws -> Int {
        if let length = CalendarLength(text) { return zone.adding(length, to: start) }
        return try day(text, option: option, in: zone)
    }

    private static func day(_ text: String, option: String, in zone: DeclaredZone) throws -> Int {
        guard let day = zone.startOfDay(named: text) else {
            throw ValidationError("\(option) takes a day such as 2026-11-24, not '\(text)'")
        }
        return day
    }

    private func outage(_ text: String, _ zone: DeclaredZone) throws -> Range<Int> {
        let days = text.split(separator: "..", omittingEmptySubsequences: false).map(String.init)
        guard days.count == 2 else {
            throw ValidationError("--outage takes the first and the last day, such as 2026-03-01..2026-03-14")
        }
        let first = try Self.day(days[0], option: "--outage", in: zone),
            last = try Self.day(days[1], option: "--outage", in: zone)
        guard first <= last else { throw ValidationError("--outage '\(text)' ends before it begins") }
        return first..<zone.adding(.days(1), to: last)
    }

    /// A share per period, such as `5%/mo`, converted to another period by compounding.
    private func rate(_ text: String, _ option: String, upTo most: Double, days: Double) throws -> Double {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let lengths = ["d": 1, "w": 7, "mo": 30.4375, "y": 365.25]
        guard parts.count == 2, let length = lengths[String(parts[1])], parts[0].hasSuffix("%"),
            let percent = Double(parts[0].dropLast()), (0...most * 100).contains(percent)
        else {
            throw ValidationError(
                "\(option) takes a share per period, such as 5%/d, 5%/w, 5%/mo or 5%/y, not '\(text)'")
        }
        // Replacement compounds downwards: each period replaces the same share of the remaining data.
        return option == "--growth"
            ? pow(1 + percent / 100, days / length) - 1
            : 1 - pow(1 - percent / 100, days / length)
    }
}
