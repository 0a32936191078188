internal import Documents
internal import Kubernetes

/// The objects that a capture found, and those among them that a controller makes again from another captured object.
struct ObjectLedger {
    private struct Entry {
        var name: ObjectName
        var uid: String
        /// The identifier of the object whose controller made it; nil without one.
        var controller: String?
    }

    private var entries: [Entry] = []

    mutating func add(_ name: ObjectName, _ object: JSONValue) {
        entries.append(
            Entry(
                name: name, uid: object["metadata"]?["uid"]?.text ?? "",
                controller: Self.controller(of: object)?["uid"]?.text))
    }

    /// The reference to the owner that controls an object; nil without one.
    static func controller(of object: JSONValue) -> JSONValue? {
        object["metadata"]?["ownerReferences"]?.array?.first { $0["controller"]?.bool == true }
    }

    /// The objects that need not be backed up, because a controller makes them from their owner, which is backed up.
    ///
    /// The owner may have an owner itself: at the top is an object without one.
    var controlled: Set<ObjectName> {
        let controllers = Dictionary(entries.filter { !$0.uid.isEmpty }.map { ($0.uid, $0.controller) }) { first, _ in
            first
        }
        return Set(
            entries.filter { entry in
                var owner = entry.controller
                for _ in 0..<Self.deepest {
                    guard let uid = owner, let above = controllers[uid] else { return false }
                    guard let above, controllers[above] != nil else { return true }
                    owner = above
                }
                return false  // a circle
            }.map(\.name))
    }

    private static let deepest = 16
}
