/// One part of the stack on the demo's stage: lives, is asked, is destroyed, comes back, is asked again.
protocol DemoComponent: AnyObject {
    /// Its name in `dr.yaml`.
    var name: String { get }
    /// Its settings there, in YAML's flow style.
    var settings: String { get }
    /// What is there, for the audience.
    var about: String { get }

    /// Questions with their answers: those that the backup at hand must be able to give again.
    /// - Parameter watermark: of the backup, in milliseconds since 1970, where the component has one.
    func answers(watermark: Int?) async throws -> [String: String]

    /// Ends the server and removes its data.
    func destroy() async throws

    /// Brings its server up again: over whatever was restored in its place, else empty.
    func start() async throws

    /// The server that stands in for it in a drill, in YAML's flow style; nil where none is needed or a usual one will do.
    /// - Parameter lab: path of this program.
    func drillServer(_ lab: String) -> String?

    func stop() async
}

extension DemoComponent {
    func drillServer(_ lab: String) -> String? { nil }
}
