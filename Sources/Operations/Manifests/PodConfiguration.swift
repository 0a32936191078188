import Documents
import Platform
import StackConfiguration

/// `dr.yaml` for pods, which have no kubeconfig and a folder for state of their own.
///
/// The context of the stack is removed from it: a pod uses the cluster that it runs in. Other contexts stay, because
/// without its context, a component would be taken for one of this cluster.
struct PodConfiguration {
    let document: YAMLDocument
    /// The stack's own context; nil if the document names none, or several.
    let own: String?

    init(_ document: YAMLDocument) {
        self.document = document
        let found = Self.contexts(in: document)
        let all = Set(found.map(\.context))
        own = found.first { $0.path == ["kubernetes", "context"] }?.context ?? (all.count == 1 ? all.first : nil)
    }

    /// The text for the ConfigMap; nil if it is the document's own.
    func text() throws(DocumentError) -> String? {
        let text = try document.text { path, text in
            if path == ["state"] { return .remove }
            guard let own, Self.context(at: path, text) == own else { return .keep }
            guard case .success(var address) = ClusterAddress.parse(text) else { return .remove }
            address.context = nil
            return .replace(address.text)
        }
        let head = "# Without comments, and without keys that do not apply in a pod: the context, and `state`.\n"
        return text.map { head + $0 }
    }

    var remarks: [String] {
        var remarks: [String] = []
        if let own {
            remarks.append(
                "the pods' dr.yaml does not name the context '\(own)': pods use the cluster that they run in, so apply these "
                    + "objects there")
        }
        for (path, context) in Self.contexts(in: document) where context != own {
            remarks.append(
                "\(path.joined(separator: ".")): pods do not have the context '\(context)', so they cannot work in that "
                    + "cluster; remove it, or run dr there too")
        }
        return remarks
    }

    /// The contexts that a configuration or a plan names, with the keys above them.
    static func contexts(in document: YAMLDocument) -> [(path: [String], context: String)] {
        var found: [(path: [String], context: String)] = []
        _ = try? document.text { path, text in
            if let context = context(at: path, text) { found.append((path, context)) }
            return .keep
        }
        return found
    }

    private static func context(at path: [String], _ text: String) -> String? {
        // The context of a drill is another cluster by intention.
        guard path.first != "drill" else { return nil }
        if path.last == "context", ["kubernetes", "kubectl"].contains(path.dropLast().last) {
            return text.contains("${") ? nil : text
        }
        guard case .success(let address) = ClusterAddress.parse(text) else { return nil }
        return address.context
    }
}
