/// The metric by which a metric server recognises a running server of a kind, for the search of gaps.
package struct ServerTrace: Sendable {
    /// "prober_build_info".
    package var metric: String
    /// The program, as in ``GapSurroundings/mentions(_:)``.
    package var program: String
    /// The loss if the server is not backed up.
    package var loss: String

    package init(metric: String, program: String, loss: String) {
        self.metric = metric
        self.program = program
        self.loss = loss
    }
}
