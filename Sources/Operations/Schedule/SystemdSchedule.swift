/// A service and a timer for each job, for `/etc/systemd/system`; systemd 247 or later.
struct SystemdSchedule {
    private let installation: Installation
    private let origin: Origin

    /// The author of the files, for their first line.
    enum Origin { case command, package }

    init(_ installation: Installation, from origin: Origin = .command) {
        self.installation = installation
        self.origin = origin
    }

    static let header = "# Written by `dr schedule install`, which overwrites it."

    private var header: String {
        switch origin {
        case .command: Self.header
        case .package:
            "# Shipped with the package of dr, disabled by default. `dr schedule install` adapts it to dr.yaml."
        }
    }

    static func timer(_ job: ScheduledJob) -> String { "dr-\(job.name).timer" }

    func files(_ jobs: [ScheduledJob] = ScheduledJob.standard()) -> [ScheduleFile] {
        jobs.flatMap { job in
            [ScheduleFile("dr-\(job.name).service", service(job)), ScheduleFile(Self.timer(job), timer(job))]
        }
    }

    // Every exit code but 0 marks the unit as failed, including a partial backup (3), since data is missing. Only the
    // timer starts the unit again, since `dr` retries by itself.
    private func service(_ job: ScheduledJob) -> String {
        """
        \(header) Make changes with `systemctl edit dr-\(job.name)`.
        [Unit]
        Description=dr: \(job.about)
        Wants=network-online.target
        After=network-online.target

        [Service]
        Type=oneshot
        User=\(installation.user)
        EnvironmentFile=-\(Self.unspecified(installation.environmentFile))
        ExecStart=\(installation.command(job).map(Self.quoted).joined(separator: " "))
        TimeoutStartSec=\(job.longestHours)h
        # Time to remove snapshots and temporary files.
        TimeoutStopSec=5min
        KillMode=mixed
        UMask=0027
        Nice=10
        IOSchedulingClass=best-effort
        IOSchedulingPriority=7
        \(sandbox(job).joined(separator: "\n"))

        """
    }

    private func sandbox(_ job: ScheduledJob) -> [String] {
        // The unit must start even if a path does not exist yet.
        let paths = installation.writable.map { Self.quoted("-" + $0) }
        var lines = ["ProtectSystem=strict"]
        if !paths.isEmpty { lines.append("ReadWritePaths=\(paths.joined(separator: " "))") }
        lines += [
            // Readable, since keys and clones may be there.
            "ProtectHome=read-only", "PrivateTmp=yes", "PrivateDevices=yes", "NoNewPrivileges=yes",
            "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes",
            "ProtectControlGroups=yes", "ProtectClock=yes", "LockPersonality=yes", "RestrictRealtime=yes",
            "RestrictSUIDSGID=yes", "SystemCallArchitectures=native",
        ]
        // A bare drill has a host name and a user of its own.
        lines +=
            job.arguments.contains("--bare")
            ? ["RestrictNamespaces=user uts"] : ["ProtectHostname=yes", "RestrictNamespaces=yes"]
        // The servers of a drill may compile at run time and query the kernel's network state.
        lines +=
            job.startsServers
            ? ["RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK"]
            : [
                "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX", "MemoryDenyWriteExecute=yes",
                "SystemCallFilter=@system-service",
            ]
        return lines
    }

    private func timer(_ job: ScheduledJob) -> String {
        let (calendar, delay) =
            switch job.cadence {
            case .hourly: ("*-*-* *:00:00", "10min")
            case .daily: ("*-*-* 03:00:00", "45min")
            case .weekly: ("Sun *-*-* 04:00:00", "45min")
            case .quarterly: ("*-01,04,07,10-02 05:00:00", "45min")
            }
        return """
            \(header)
            [Unit]
            Description=dr: \(job.about), \(job.cadence.rawValue)

            [Timer]
            OnCalendar=\(calendar)
            # Spreads the load of several machines. The delay of each machine is fixed, so backups stay an hour apart.
            RandomizedDelaySec=\(delay)
            FixedRandomDelay=yes
            AccuracySec=1s
            # After a time when the machine was off, a missed run starts immediately, once.
            Persistent=true

            [Install]
            WantedBy=timers.target

            """
    }

    /// Escapes `%`, which starts a specifier.
    private static func unspecified(_ text: String) -> String { text.replacing("%", with: "%%") }

    /// Quotes a word of a command line for systemd.service(5).
    static func quoted(_ word: String) -> String {
        let text = unspecified(word).replacing("$", with: "$$")
        let isPlain = text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789/._-=:%,@+".unicodeScalars.contains($0))
        }
        if isPlain, !text.isEmpty { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
