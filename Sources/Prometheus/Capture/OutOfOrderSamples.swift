internal import Platform

/// Out-of-order samples that a server keeps in memory and in its log `wbl/` only, and that no snapshot therefore holds.
///
/// `wbl/` is not backed up. Its records name series by numbers that only `wal/` explains. The server writes to both all
/// the time and cuts them in its compactions, and no request can pause it. A copy of the two beside a snapshot could
/// lack samples that a compaction moved in between, without any sign of it.
struct OutOfOrderSamples: Equatable, Sendable {
    /// `out_of_order_time_window` as the server has loaded it, "1d12h"; nil if it is not set or not known.
    var window: String?
    /// Bytes in `wbl/`; nil if the folder does not exist.
    var bytes: Int?
    /// Out-of-order samples since the server's start, also those that are in blocks by now; nil if the server does not
    /// report it.
    var appended: Int?

    private static let counter = "prometheus_tsdb_head_out_of_order_samples_appended_total"

    /// Asks the server, and reads its data directory; unknown values stay nil.
    init(_ directory: DataDirectory, api: PrometheusAPI, pool: BlockingPool) async {
        bytes = await pool.run { directory.outOfOrderBytes() }
        window = try? await api.loadedConfiguration().outOfOrderWindow
        guard window != nil || bytes != nil else { return }
        appended = (try? await api.metric(Self.counter)).flatMap { Int(exactly: $0.rounded()) }
    }

    init(window: String? = nil, bytes: Int? = nil, appended: Int? = nil) {
        self.window = window
        self.bytes = bytes
        self.appended = appended
    }

    /// True if the next snapshot lacks samples.
    var areMissing: Bool { (bytes ?? 0) > 0 }

    /// True if some backups lack samples: the server accepts late ones, and some have or may have arrived.
    var canBeMissing: Bool { areMissing || (window != nil && appended != 0) }

    /// The warning for operators; nil if no samples are missing.
    var warning: String? {
        guard areMissing, let bytes else { return nil }
        let came = appended.map { $0 > 0 ? ", and \($0) such samples arrived since the server's start" : "" } ?? ""
        return "out-of-order samples that the server still keeps in memory are not in a snapshot: its wbl/ holds "
            + "\(bytes) bytes\(came). It writes them into a block within about two hours; a backup after that has them"
    }

    /// Facts for the manifest; empty if the server does not accept such samples.
    var facts: [String: String] {
        guard window != nil || areMissing else { return [:] }
        var facts = ["out-of-order window": window ?? "none"]
        facts["out-of-order bytes not in the set"] = String(bytes ?? 0)
        facts["out-of-order samples since start"] = appended.map(String.init)
        return facts
    }
}
