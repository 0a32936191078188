/// A fixed minute within the hour for each machine, so that many machines do not use one store at the same time. It is
/// derived from the machine's name, so that a schedule written again is the same, and backups stay an hour apart.
enum Jitter {
    /// - Parameter count: at least 1.
    /// - Returns: 0..<count.
    static func place(_ job: String, on seed: String, of count: Int) -> Int {
        // FNV-1a with 32 bits spreads short names well, and gives the same result on every machine and in every version.
        var hash: UInt32 = 2_166_136_261
        for byte in "\(seed)/\(job)".utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return Int(hash % UInt32(count))
    }
}

/// The time of a job in the five fields of crontab(5): minute, hour, day of month, month, day of week.
struct CronTime {
    let text: String

    init(_ job: ScheduledJob, seed: String) {
        let minute = Jitter.place(job.name, on: seed, of: 60)
        switch job.cadence {
        case .hourly: text = "\(minute) * * * *"
        case .daily: text = "\(minute) 3 * * *"
        case .weekly: text = "\(minute) 4 * * 0"
        case .quarterly: text = "\(minute) 5 2 1,4,7,10 *"
        }
    }
}
