package import Documents

extension Period {
    /// The period in kubectl's format: "300s".
    package var kubectl: String { "\(duration.components.seconds)s" }
}
