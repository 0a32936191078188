/// The version of the program, and its name in everything that it writes.
package enum Release {
    package static let version = "0.1.0"

    /// The program that made a document: "dr 0.1.0".
    package static let tool = "dr \(version)"

    /// The program as servers see it: "dr/0.1.0".
    package static let userAgent = "dr/\(version)"
}
