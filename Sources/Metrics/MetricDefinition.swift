/// A metric of `dr`: its name, type, unit, labels and help.
package struct MetricDefinition: Equatable, Sendable {
    package let name: String
    package let kind: MetricFamily.Kind
    package let unit: String?
    /// The labels of every sample, beside those of the target.
    package let labels: [String]
    package let help: String

    private init(
        _ name: String, kind: MetricFamily.Kind = .gauge, unit: String? = nil, by labels: [String] = [],
        _ help: String
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.labels = ["stack"] + labels
        self.help = help
    }

    package func family(_ samples: [MetricFamily.Sample] = []) -> MetricFamily {
        MetricFamily(name, kind, unit: unit, help: help, samples: samples)
    }
}

// MARK: Runs

extension MetricDefinition {
    package static let buildInfo = MetricDefinition(
        "dr_build_info", by: ["version"], "1, with the version of dr that wrote the metrics.")
    package static let rpo = MetricDefinition(
        "dr_objective_rpo_seconds", unit: "seconds", "Recovery point objective of the stack.")
    package static let rto = MetricDefinition(
        "dr_objective_rto_seconds", unit: "seconds", "Recovery time objective of the stack.")
    package static let verificationLimit = MetricDefinition(
        "dr_objective_verification_seconds", unit: "seconds",
        "Time within which every byte of each component's backup must be verified.")
    package static let drillLimit = MetricDefinition(
        "dr_objective_drill_seconds", unit: "seconds", "Time within which each scenario must pass a drill.")

    package static let runEnd = MetricDefinition(
        "dr_run_last_end_timestamp_seconds", unit: "seconds", by: ["activity"],
        "Time when the newest run of the activity ended.")
    package static let runSuccess = MetricDefinition(
        "dr_run_last_success", by: ["activity"],
        "1 if the newest run of the activity succeeded, 0 if it failed or was partial; an interruption does not change it."
    )
    package static let runSuccessTime = MetricDefinition(
        "dr_run_last_success_timestamp_seconds", unit: "seconds", by: ["activity"],
        "Time when the newest successful run of the activity ended.")
    package static let runExitCode = MetricDefinition(
        "dr_run_last_exit_code", by: ["activity"], "Exit code of the newest run of the activity.")
    package static let runDuration = MetricDefinition(
        "dr_run_last_duration_seconds", unit: "seconds", by: ["activity"],
        "Duration of the newest run of the activity.")
    package static let runs = MetricDefinition(
        "dr_runs_total", kind: .counter, by: ["activity", "result"],
        "Runs by result: success, partial, failed, refused (wrong usage or configuration), interrupted.")
}

// MARK: Backup sets

extension MetricDefinition {
    package static let backupTime = MetricDefinition(
        "dr_backup_timestamp_seconds", unit: "seconds", "Commit time of the newest set.")
    package static let backupComplete = MetricDefinition(
        "dr_backup_complete", "1 if the newest set holds every configured component whole, 0 if it is partial.")
    package static let backupAttempt = MetricDefinition(
        "dr_backup_last_attempt_timestamp_seconds", unit: "seconds", "Start time of the newest backup run.")
    package static let backupAttemptSuccess = MetricDefinition(
        "dr_backup_last_attempt_success", "1 if the newest run wrote a set, complete or partial; 0 if it did not.")
    package static let setSize = MetricDefinition(
        "dr_backup_set_size_bytes", unit: "bytes", "Uncompressed bytes of all components of the newest set.")
    package static let sets = MetricDefinition("dr_backup_sets", "Backup sets in the store.")
    package static let componentSuccess = MetricDefinition(
        "dr_backup_component_success", by: ["component"],
        "1 if the component is whole in the newest set of a backup that included it.")
    package static let newestDatum = MetricDefinition(
        "dr_backup_newest_datum_timestamp_seconds", unit: "seconds", by: ["component"],
        "Time of the newest datum in the newest set that holds the component whole.")
    package static let backupDuration = MetricDefinition(
        "dr_backup_duration_seconds", unit: "seconds", by: ["component"],
        "Seconds from the capture to the manifest.")
    package static let backupSize = MetricDefinition(
        "dr_backup_size_bytes", unit: "bytes", by: ["component"], "Uncompressed bytes of the component's files.")
    package static let backupFiles = MetricDefinition(
        "dr_backup_files", by: ["component"], "Files of the component.")
    package static let backupStored = MetricDefinition(
        "dr_backup_stored_bytes", unit: "bytes", by: ["component"], "Bytes that the set added to the store.")
    package static let shrunk = MetricDefinition(
        "dr_backup_component_shrunk", by: ["component"],
        "1 if the component in the newest set shrank beyond its threshold or is empty, else 0.")
    package static let verified = MetricDefinition(
        "dr_last_verified_timestamp_seconds", unit: "seconds", by: ["component"],
        "Time when a set with the component was last verified completely; absent for never.")
    package static let drilled = MetricDefinition(
        "dr_last_drilled_timestamp_seconds", unit: "seconds", by: ["component"],
        "Time when a set with the component was last restored in a drill; absent for never.")
}

// MARK: Keys, certificates and the ledger

extension MetricDefinition {
    package static let keyTestTime = MetricDefinition(
        "dr_recovery_key_tested_timestamp_seconds", unit: "seconds", by: ["fingerprint"],
        "Time when the recovery key of a recipient last opened a backup; absent for never.")
    package static let keyTested = MetricDefinition(
        "dr_recovery_key_tested", by: ["fingerprint"],
        "1 if the recovery key of a recipient opened a backup within 90 days, else 0.")
    package static let certificateExpiry = MetricDefinition(
        "dr_certificate_expiry_timestamp_seconds", unit: "seconds", by: ["role", "fingerprint"],
        "Time when the certificate of a recipient or of a signer expires.")
    package static let copySetsBehind = MetricDefinition(
        "dr_copy_sets_behind", by: ["copy"],
        "Backup sets of the store that are newer than the newest one in the copy.")
    package static let copyNewest = MetricDefinition(
        "dr_copy_newest_set_timestamp_seconds", unit: "seconds", by: ["copy"],
        "Time of the newest backup set in the copy; absent without one.")
    package static let copySuccess = MetricDefinition(
        "dr_copy_last_success", by: ["copy"],
        "1 if the copy was brought up to date at the last attempt, 0 if it was away, damaged or full.")
    package static let copyDamaged = MetricDefinition(
        "dr_copy_damaged_objects", by: ["copy"],
        "Damaged or missing objects that checks found in the copy; 0 if none are known.")
    package static let ledgerHead = MetricDefinition(
        "dr_ledger_head_entry", "Number of the newest ledger entry that this host knows.")
}

// MARK: Prune, verification, recovery

extension MetricDefinition {
    package static let pruneFrozen = MetricDefinition(
        "dr_prune_frozen", "1 if the newest prune removed nothing because retention is frozen, else 0.")
    package static let pruneRemovedSets = MetricDefinition(
        "dr_prune_removed_sets_total", kind: .counter, "Backup sets that prunes removed.")
    package static let pruneRemovedBytes = MetricDefinition(
        "dr_prune_removed_bytes_total", kind: .counter, unit: "bytes", "Stored bytes that prunes removed.")
    package static let pruneAnnounced = MetricDefinition(
        "dr_prune_announced_sets", "Backup sets whose removal the newest prune announced.")
    package static let pruneLocked = MetricDefinition(
        "dr_prune_locked_objects", "Objects that the newest prune could not remove because a lock protects them.")
    package static let pruneRefused = MetricDefinition(
        "dr_prune_refused_objects", "Objects that the store refused to remove in the newest prune.")
    package static let verifyFindings = MetricDefinition(
        "dr_verify_damaged_objects",
        "Damaged or untrusted objects of the newest verification, and damaged sets known from deeper ones.")
    package static let verifyRead = MetricDefinition(
        "dr_verify_read_bytes_total", kind: .counter, unit: "bytes", "Stored bytes that verifications read.")
    package static let drillSuccess = MetricDefinition(
        "dr_drill_last_success", by: ["scenario"],
        "1 if the newest drill of the scenario passed, with an objective missed or not; 0 if it failed or is inconclusive."
    )
    package static let drillTime = MetricDefinition(
        "dr_drill_last_end_timestamp_seconds", unit: "seconds", by: ["scenario"],
        "Time when the newest drill of the scenario ended.")
    package static let recoveryDuration = MetricDefinition(
        "dr_recovery_duration_seconds", unit: "seconds", by: ["scenario", "run_type"],
        "Recovery time that the newest drill or recovery of the scenario measured.")
    package static let recoveryObjective = MetricDefinition(
        "dr_recovery_objective_seconds", unit: "seconds", by: ["scenario"],
        "Recovery time objective of the scenario.")
    package static let recoveryForecast = MetricDefinition(
        "dr_recovery_forecast_seconds", unit: "seconds", by: ["scenario"],
        "Expected recovery time of the scenario with the present data.")
}

// MARK: Store, notifications, checks, readiness

extension MetricDefinition {
    package static let storeUp = MetricDefinition(
        "dr_store_up", "1 if the store answered the newest run, 0 if it did not.")
    package static let storeRequests = MetricDefinition(
        "dr_store_requests_total", kind: .counter, by: ["operation", "result"],
        "Requests to the store, each try of a retried one included, by result: success or error.")
    package static let storeRetries = MetricDefinition(
        "dr_store_retries_total", kind: .counter, "Requests to the store that were sent again.")
    package static let storeReceived = MetricDefinition(
        "dr_store_received_bytes_total", kind: .counter, unit: "bytes", "Bytes of objects that the store delivered.")
    package static let storeSent = MetricDefinition(
        "dr_store_sent_bytes_total", kind: .counter, unit: "bytes", "Bytes of objects that were sent to the store.")
    package static let storeLatency = MetricDefinition(
        "dr_store_request_duration_seconds", kind: .histogram, unit: "seconds", by: ["operation"],
        "Durations of requests to the store.")
    package static let notifications = MetricDefinition(
        "dr_notifications_total", kind: .counter, by: ["result"],
        "Notifications to channels by result: delivered or undelivered.")
    package static let componentUp = MetricDefinition(
        "dr_component_up", by: ["component"],
        "1 if the component passed its newest health check, 0 if it failed.")
    package static let objectiveMet = MetricDefinition(
        "dr_service_level_met", by: ["objective"],
        "1 if the newest daily report found that the service level objective is met, else 0.")
    package static let ready = MetricDefinition(
        "dr_ready", by: ["scenario"], "1 if every check of the scenario is green, else 0.")
    package static let readyStatus = MetricDefinition(
        "dr_ready_status", by: ["scenario"],
        "Worst status of the scenario's checks: 0 green, 1 amber, 2 red.")
    package static let readyCheck = MetricDefinition(
        "dr_ready_check_status", by: ["scenario", "check"],
        "Status of one check: 0 green, 1 amber, 2 red; absent if it does not apply.")
    package static let readyTime = MetricDefinition(
        "dr_ready_timestamp_seconds", unit: "seconds", by: ["scenario"], "Time of the checks.")

    /// Every metric, in the order of the output.
    package static let all: [MetricDefinition] = [
        backupTime, backupComplete, backupAttempt, backupAttemptSuccess, componentSuccess, newestDatum,
        backupDuration, backupSize, backupFiles, backupStored, verified, drilled, keyTestTime, keyTested,
        shrunk, setSize, sets, certificateExpiry, ledgerHead,
        copySetsBehind, copyNewest, copySuccess, copyDamaged,
        buildInfo, rpo, rto, verificationLimit, drillLimit,
        runEnd, runSuccess, runSuccessTime, runExitCode, runDuration, runs,
        pruneFrozen, pruneRemovedSets, pruneRemovedBytes, pruneAnnounced, pruneLocked, pruneRefused,
        verifyFindings, verifyRead, drillSuccess, drillTime, recoveryDuration, recoveryObjective, recoveryForecast,
        storeUp, storeRequests, storeRetries, storeReceived, storeSent, storeLatency,
        notifications, componentUp, objectiveMet, ready, readyStatus, readyCheck, readyTime,
    ]

    /// The metrics of `dr ready`, which have a textfile of their own.
    package static let ofReadiness = [ready, readyStatus, readyCheck, readyTime]
}

extension MetricBook {
    /// The families in the order of ``MetricDefinition/all``.
    package var ordered: [MetricFamily] {
        MetricDefinition.all.compactMap { definition in families.first { $0.name == definition.name } }
    }
}
