/// A component of the demo's stack, which is queried, destroyed, restored, and queried again.
protocol DemoComponent: AnyObject {
    /// The name in `dr.yaml`.
    var name: String { get }
    /// The settings in `dr.yaml`, in YAML's flow style.
    var settings: String { get }
    /// A description, for display.
    var about: String { get }

    /// Returns queries with their results, limited to the data in the backup.
    /// - Parameter watermark: the newest data of the backup in milliseconds since 1970, if the component has a
    ///   watermark.
    func answers(watermark: Int?) async throws -> [String: String]

    /// Stops the server and removes its data.
    func destroy() async throws

    /// Starts the server again, with the restored data if there are any.
    func start() async throws

    /// Returns the settings of the server for a drill, in YAML's flow style; nil for none or the default one.
    /// - Parameter lab: the path of this program.
    func drillServer(_ lab: String) -> String?

    func stop() async throws
}

extension DemoComponent {
    func drillServer(_ lab: String) -> String? { nil }
}
