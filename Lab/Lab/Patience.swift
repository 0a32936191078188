/// The longest waits of tests and of the lab for events that must come.
///
/// A test never fails because its machine is slow: a wait ends with an error only after a time that means "this hangs".
/// Such a wait costs nothing in a run that passes.
package enum Patience {
    /// Many times longer than any of these waits lasts on one busy core.
    package static let long = Duration.seconds(120)

    /// The limit of a client whose peer stalls on purpose. The test waits this long for each stall, so it is short; a
    /// peer that does not stall answers far sooner, even on a busy machine.
    package static let stall = Duration.seconds(5)

    /// Polls `condition` every 20 ms until it holds.
    /// - Throws: `LabError` if it does not hold within ``long``.
    package static func wait(until event: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + long
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw LabError("waited \(long) until \(event)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
