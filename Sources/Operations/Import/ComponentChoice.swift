import Components
import Platform
import StackConfiguration

/// The components into which a format is imported, with the place of each at the source.
struct ComponentChoice: Sendable {
    struct Chosen: Sendable {
        var component: ComponentConfiguration
        var form: ForeignBackup
        /// The folder or path at the source that the operator named.
        var place: String?
    }

    let chosen: [Chosen]

    /// - Parameter arguments: `NAME` or `NAME=PLACE`; empty for every component that the format fits.
    /// - Throws: `UsageError`.
    init(_ session: Session, format: String, arguments: [String]) throws {
        let forms = session.kinds.flatMap { kind in
            kind.foreignBackups.filter { $0.format == format }.map { (kind: kind.name, form: $0) }
        }
        var places: [String: String] = [:]
        var names: [String] = []
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = parts.first else { throw UsageError("--component needs a name") }
            names.append(name)
            if parts.count == 2 { places[name] = parts[1] }
        }
        var chosen: [Chosen] = []
        for component in try session.chosen(names) {
            let fitting = forms.filter { $0.kind == component.kind }
            guard let form = fitting.first?.form else {
                guard names.isEmpty else {
                    let kinds = forms.map(\.kind).joined(separator: ", ")
                    throw UsageError(
                        "component '\(component.name)' is of kind \(component.kind), which format '\(format)' does not "
                            + "hold; it holds: \(kinds)")
                }
                continue
            }
            chosen.append(Chosen(component: component, form: form, place: places[component.name]))
        }
        guard !chosen.isEmpty else {
            throw UsageError(
                "dr.yaml has no component that format '\(format)' holds",
                hint: "add a component of kind \(forms.map(\.kind).joined(separator: ", "))")
        }
        self.chosen = chosen
        try refuseAmbiguity()
    }

    /// Two components of one kind need to be told apart, except where each has its own path.
    private func refuseAmbiguity() throws {
        for (kind, alike) in Dictionary(grouping: chosen, by: \.component.kind).sorted(by: { $0.key < $1.key })
        where alike.count > 1 && alike.contains(where: { $0.form.layout != .snapshot && $0.place == nil }) {
            let names = alike.map(\.component.name).joined(separator: ", ")
            if case .folder(let folder, _) = alike[0].form.layout {
                throw UsageError(
                    "several components are of kind \(kind): \(names)",
                    hint: "name one and its folder: --component \(alike[0].component.name)=\(folder)")
            }
            throw UsageError(
                "several components are of kind \(kind): \(names)",
                hint: "name one: --component \(alike[0].component.name)")
        }
    }
}
