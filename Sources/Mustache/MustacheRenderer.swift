/// Fills the nodes of a template with values.
struct MustacheRenderer {
    /// Templates that refer to themselves end here.
    private static let deepest = 64

    let partials: [String: MustacheTemplate]
    let escape: MustacheTemplate.Escape
    private(set) var output = ""
    private var depth = 0

    init(partials: [String: MustacheTemplate], escape: @escaping MustacheTemplate.Escape) {
        self.partials = partials
        self.escape = escape
    }

    /// - Parameter stack: the values in which names are looked up, the innermost last.
    mutating func render(_ nodes: [MustacheNode], among stack: [Any]) {
        for node in nodes {
            switch node {
            case .text(let text): output += text
            case .value(let name, let isEscaped):
                let text = MustacheValue(Self.value(of: name, in: stack)).text
                output += isEscaped ? escape(text) : text
            case .section(let name, let content):
                switch MustacheValue(Self.value(of: name, in: stack)) {
                case .nothing, .bool(false): break
                case .list(let elements):
                    for element in elements { render(content, among: stack + [element]) }
                case .bool(true): render(content, among: stack)
                case .other(let value): render(content, among: stack + [value])
                }
            case .inverted(let name, let content):
                if MustacheValue(Self.value(of: name, in: stack)).isFalse {
                    render(content, among: stack)
                }
            case .partial(let name, let indentation):
                include(name, indentation: indentation, among: stack)
            }
        }
    }

    private mutating func include(
        _ name: String, indentation: String, among stack: [Any]
    ) {
        guard depth < Self.deepest, let partial = partials[name] else { return }
        depth += 1
        let nodes = indentation.isEmpty ? partial.nodes : partial.indented(by: indentation)?.nodes
        render(nodes ?? [], among: stack)
        depth -= 1
    }

    /// Looks for the first part of a name from the innermost value outwards, and for the others only inside of it.
    private static func value(of name: [String], in stack: [Any]) -> Any? {
        guard let first = name.first else { return stack.last }
        for value in stack.reversed() {
            guard let found = member(first, of: value) else { continue }
            return name.dropFirst().reduce(found) { value, part in value.flatMap { member(part, of: $0) } ?? nil }
        }
        return nil
    }

    /// - Returns: nil if the value has no such member, and a nil inside if the member is nil.
    private static func member(_ name: String, of value: Any) -> Any?? {
        if let dictionary = value as? [String: Any] { return dictionary[name].map { unwrapped($0) } }
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional {
            return mirror.children.first.flatMap { member(name, of: $0.value) }
        }
        guard let child = mirror.children.first(where: { $0.label == name }) else { return nil }
        return .some(unwrapped(child.value))
    }

    private static func unwrapped(_ value: Any) -> Any? {
        let mirror = Mirror(reflecting: value)
        guard mirror.displayStyle == .optional else { return value }
        return mirror.children.first.flatMap { unwrapped($0.value) }
    }
}

/// A value as templates see it.
enum MustacheValue {
    case nothing
    case bool(Bool)
    case list([Any])
    case other(Any)

    init(_ value: Any?) {
        switch value {
        case nil: self = .nothing
        case let value? where Mirror(reflecting: value).displayStyle == .optional:
            self.init(Mirror(reflecting: value).children.first?.value)
        case let bool as Bool: self = .bool(bool)
        case let list as [Any]: self = .list(list)
        case let value?: self = .other(value)
        }
    }

    var isFalse: Bool {
        switch self {
        case .nothing, .bool(false): true
        case .list(let elements): elements.isEmpty
        case .bool(true), .other: false
        }
    }

    var text: String {
        switch self {
        case .nothing: ""
        case .bool(let bool): "\(bool)"
        case .list(let elements): elements.map { MustacheValue($0).text }.joined(separator: ",")
        case .other(let value): "\(value)"
        }
    }
}
