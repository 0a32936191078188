internal import Documents
internal import Platform

/// The difference between a stored document and the present object, field by field.
struct ObjectDifference {
    enum Change: Equatable {
        /// The object lacks the field, or has another value.
        case lacks, differs
        /// The object has a field that the document lacks.
        case extra
    }

    struct Field: Equatable {
        /// The names on the way to it; a number for an element of a list of the present object.
        var path: [String]
        var change: Change
        var stored: JSONValue?
        var present: JSONValue?
    }

    private(set) var fields: [Field] = []

    init(stored: JSONValue, present: JSONValue) { compare(stored, present, path: []) }

    /// True if the object has all fields of the document.
    var isCovered: Bool { fields.allSatisfy { $0.change == .extra } }
    var extras: [Field] { fields.filter { $0.change == .extra } }

    private mutating func compare(_ stored: JSONValue, _ present: JSONValue, path: [String]) {
        guard stored != present else { return }
        if let stored = stored.object, let present = present.object {
            for (name, value) in stored.sorted(by: { $0.key < $1.key }) {
                guard let other = present[name] else {
                    // A server does not store empty values.
                    if !value.isEmpty { add(.lacks, path + [name], stored: value, present: nil) }
                    continue
                }
                compare(value, other, path: path + [name])
            }
            for (name, value) in present.sorted(by: { $0.key < $1.key }) where stored[name] == nil && !value.isEmpty {
                add(.extra, path + [name], stored: nil, present: value)
            }
        } else if let stored = stored.array, let present = present.array,
            let old = Self.named(stored), let new = Self.named(present)
        {
            let places = Dictionary(new.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
            for (name, value) in old {
                guard let index = places[name] else {
                    add(.lacks, path + [name], stored: value, present: nil)
                    continue
                }
                compare(value, new[index].value, path: path + ["\(index)"])
            }
            let wanted = Set(old.map(\.name))
            for (index, element) in new.enumerated() where !wanted.contains(element.name) {
                add(.extra, path + ["\(index)"], stored: nil, present: element.value)
            }
        } else {
            add(.differs, path, stored: stored, present: present)
        }
    }

    private mutating func add(_ change: Change, _ path: [String], stored: JSONValue?, present: JSONValue?) {
        fields.append(Field(path: path, change: change, stored: stored, present: present))
    }

    /// The elements of a list whose elements all have different names, such as containers; nil for another list.
    private static func named(_ list: [JSONValue]) -> [(name: String, value: JSONValue)]? {
        let elements = list.compactMap { element in element["name"]?.text.map { (name: $0, value: element) } }
        guard elements.count == list.count, Set(elements.map(\.name)).count == list.count else { return nil }
        return elements
    }

    // MARK: Text

    /// A few of the fields, in words.
    /// - Parameter hidesValues: true for a Secret.
    func text(hidesValues: Bool, most: Int = 4) -> String {
        let shown = fields.prefix(most).map { field -> String in
            let path = field.path.joined(separator: ".").printable
            switch field.change {
            case .lacks: return "\(path) is missing"
            case .extra: return "\(path) is not in the backup"
            case .differs where hidesValues: return "\(path) differs"
            case .differs: return "\(path): \(Self.short(field.present)), in the backup \(Self.short(field.stored))"
            }
        }
        let more = fields.count > most ? " and \(fields.count - most) more" : ""
        return shown.joined(separator: "; ") + more
    }

    private static func short(_ value: JSONValue?) -> String {
        let text = String(decoding: (value ?? .null).compact.prefix(200), as: UTF8.self).printable
        return text.count > 60 ? "\(text.prefix(59))…" : text
    }

    // MARK: Patch

    /// The operations of a JSON patch that removes the extra fields of the present object, except among its metadata,
    /// where controllers write.
    var removal: [JSONValue] {
        let paths = extras.map(\.path).filter { $0.first != "metadata" }
        // The last elements of a list first, since a removal moves those behind it.
        return paths.sorted(by: Self.isBehind).map { path in
            let parts = path.map { "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1") }
            return ["op": "remove", "path": .string(parts.joined())]
        }
    }

    private static func isBehind(_ left: [String], _ right: [String]) -> Bool {
        for (first, second) in zip(left, right) where first != second {
            guard let one = Int(first), let other = Int(second) else { return first > second }
            return one > other
        }
        return left.count > right.count
    }
}

extension JSONValue {
    /// True for null, and for a list or an object without members.
    fileprivate var isEmpty: Bool { isNull || array?.isEmpty == true || object?.isEmpty == true }
}
