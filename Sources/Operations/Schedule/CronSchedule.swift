/// One file for `/etc/cron.d`, whose lines name a user.
struct CronSchedule {
    private let installation: Installation

    init(_ installation: Installation) { self.installation = installation }

    func files(_ jobs: [ScheduledJob] = ScheduledJob.standard()) -> [ScheduleFile] {
        let lines = jobs.map { job in
            "# \(job.cadence.rawValue): \(job.about)\n"
                + "\(CronTime(job, seed: installation.seed).text) \(installation.user) \(command(job))"
        }
        return [
            ScheduleFile(
                "dr",
                """
                # Written by `dr schedule install`, which overwrites it.
                # The minutes are derived from this machine's name. Concurrent backups both succeed, so there is no
                # lock. cron does not repeat runs that were missed while the machine was off; systemd timers do.
                SHELL=/bin/sh
                PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

                \(lines.joined(separator: "\n"))

                """)
        ]
    }

    private func command(_ job: ScheduledJob) -> String {
        let file = Self.quoted(installation.environmentFile)
        let words = installation.command(job).map(Self.quoted).joined(separator: " ")
        let limit = "timeout --kill-after=5m \(job.longestHours)h"
        return Self.escaped(
            "umask 027; set -a; [ ! -r \(file) ] || . \(file); set +a; exec nice -n 10 \(limit) \(words)")
    }

    /// Escapes `%`, which ends a command in a crontab.
    private static func escaped(_ line: String) -> String { line.replacing("%", with: "\\%") }

    /// Quotes a word for a shell.
    static func quoted(_ word: String) -> String {
        let isPlain = word.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789/._-=:%,@+".unicodeScalars.contains($0))
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
