import FoundationEssentials

/// The schedules that are active on a machine. Two of them would run each job twice.
struct OtherSchedule {
    /// The root folder of the machine; empty for this one.
    private let machine: String

    init(machine: String) { self.machine = machine }

    /// - Throws: `ScheduleError` if a schedule of another form is active.
    func refuse(beside form: SchedulePlan.Form) throws(ScheduleError) {
        switch form {
        case .systemd:
            guard FileManager.default.fileExists(atPath: "\(machine)\(Self.crontab)") else { return }
            throw ScheduleError(
                "\(Self.crontab) runs the same jobs: with the timers, each job would run twice\n"
                    + "hint: remove \(Self.crontab), then run the command again")
        case .cron:
            let timers = enabledTimers
            guard !timers.isEmpty else { return }
            throw ScheduleError(
                "these timers run the same jobs: \(timers.joined(separator: ", ")); each job would run twice\n"
                    + "hint: run `systemctl disable --now \(timers.joined(separator: " "))`, then the command again")
        case .kubernetes: return
        }
    }

    private static let crontab = "/etc/cron.d/dr"

    private var enabledTimers: [String] {
        ScheduledJob.standard().map(SystemdSchedule.timer).filter { timer in
            let link = "\(machine)/etc/systemd/system/timers.target.wants/\(timer)"
            return (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) != nil
        }
    }
}
