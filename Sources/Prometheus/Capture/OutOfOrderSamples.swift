internal import Platform

/// Out-of-order samples that a server keeps in memory and in its log `wbl/` only, and that no snapshot therefore holds.
///
/// `wbl/` is not backed up. Its records name series by numbers that only `wal/` explains, the server writes to both
/// without a pause and cuts them in its compactions, and no request makes it hold still: a copy of the two beside a
/// snapshot could lack samples that a compaction moved in between, and nothing would show it.
struct OutOfOrderSamples: Equatable, Sendable {
    /// `out_of_order_time_window` as the server has loaded it, "1d12h"; nil where there is none, or it is not known.
    var window: String?
    /// Bytes in `wbl/`; nil where there is no such folder.
    var bytes: Int?
    /// Samples that came out of order since the server's start, also those that are in blocks by now; nil where the
    /// server does not say.
    var appended: Int?

    private static let counter = "prometheus_tsdb_head_out_of_order_samples_appended_total"

    /// Asks the server, and looks into its data directory; what cannot be found out stays nil.
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

    /// True where the next snapshot lacks samples.
    var areMissing: Bool { (bytes ?? 0) > 0 }

    /// True where backups lack samples from time to time: late ones are accepted, and have come or may have.
    var canBeMissing: Bool { areMissing || (window != nil && appended != 0) }

    /// For people; nil where nothing is missing.
    var warning: String? {
        guard areMissing, let bytes else { return nil }
        let came = appended.map { $0 > 0 ? ", and \($0) such samples came since the server's start" : "" } ?? ""
        return "out-of-order samples that the server still keeps in memory are not in a snapshot: its wbl/ holds "
            + "\(bytes) bytes\(came). It writes them into a block within about two hours; a backup after that has them"
    }

    /// For the manifest; nothing where the server takes no such samples.
    var facts: [String: String] {
        guard window != nil || areMissing else { return [:] }
        var facts = ["out-of-order window": window ?? "none"]
        facts["out-of-order bytes not in the set"] = String(bytes ?? 0)
        facts["out-of-order samples since start"] = appended.map(String.init)
        return facts
    }
}
