/// The metric by which a running server of a kind shows itself to a metric server, for the search of gaps.
package struct ServerTrace: Sendable {
    /// "prober_build_info".
    package var metric: String
    /// The program, in the words of ``GapSurroundings/mentions(_:)``.
    package var program: String
    /// The loss where nothing backs the server up.
    package var loss: String

    package init(metric: String, program: String, loss: String) {
        self.metric = metric
        self.program = program
        self.loss = loss
    }
}
