import Mover

/// The place where movers run.
protocol MoverHost: Sendable {
    /// Starts a mover, passes its line to `body`, and removes it afterwards, also after an error or a cancellation.
    func withMover<Value: Sendable>(
        _ purpose: MoverPod.Purpose, run: String, note: @escaping @Sendable (String) -> Void,
        _ body: @escaping @Sendable (MoverLine) async throws -> Value
    ) async throws -> Value

    /// The data directory in the mover.
    func directory() async throws -> String
    /// Remarks on the volume, for the set.
    func warnings() async -> [String]
    /// The facts that a restore needs to create the volume again.
    func facts() async throws -> [String: String]
}
