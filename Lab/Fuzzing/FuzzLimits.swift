/// The limits of one case. A case that exceeds one is a finding.
package struct FuzzLimits: Sendable {
    /// Seconds of processor time of all threads. A loaded machine does not change them.
    package var processorSeconds = 10.0
    /// Seconds by the clock, for a case that waits for ever.
    package var seconds = 60.0
    /// The most memory of the process, in bytes. The greatest valid document needs about 300 MiB.
    package var memory = 1 << 30

    package init() {}
}

/// The end of a worker process.
enum WorkerEnd: Int32 {
    case finding = 70
    case hang = 97
    case memory = 98
}
