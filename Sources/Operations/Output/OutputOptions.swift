/// The amount of output that a command makes, and its form.
package struct OutputOptions: Sendable {
    /// One JSON document on standard output, and nothing else there.
    package var json = false
    /// Results and errors only.
    package var quiet = false
    package var verbose = false
    package var noProgress = false

    package init() {}
}
