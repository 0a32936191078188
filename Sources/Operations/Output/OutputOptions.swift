/// The amount of output that a command makes, and its form.
package struct OutputOptions: Sendable {
    /// Prints one JSON document on standard output, and nothing else.
    package var json = false
    /// Prints results and errors only.
    package var quiet = false
    package var verbose = false
    package var noProgress = false

    package init() {}
}
