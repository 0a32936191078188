import ArgumentParser
import BackupRepository
import Platform

/// The options that select a part of a component by tenant and time.
struct SliceOptions: ParsableArguments {
    @Option(
        name: .long, parsing: .singleValue,
        help: "Restore only the data of this tenant, for kinds with tenants; may be repeated."
    )
    var tenant: [String] = []

    @Option(
        name: .long, help: "Restore only data from this time on, for kinds with times: RFC 3339, or an age such as 6h.")
    var from: MomentArgument?

    @Option(
        name: .long, help: "Restore only data up to this time, for kinds with times: RFC 3339, or an age such as 6h.")
    var until: MomentArgument?

    var isGiven: Bool { !tenant.isEmpty || from != nil || until != nil }

    func slice(now: Timestamp) throws -> RestoreSlice? {
        guard isGiven else { return nil }
        let first = from.map { $0.seconds(now: now) * 1000 } ?? Int.min
        let last = until.map { $0.seconds(now: now) * 1000 + 999 } ?? Int.max
        guard first <= last else { throw ValidationError("--from is after --until") }
        return RestoreSlice(tenants: Set(tenant), times: first...last)
    }
}
