extension JSONValue {
    /// Returns the value at a JSON Pointer (RFC 6901), such as `/data/result/0`; the empty pointer is the value itself.
    /// - Returns: nil if the pointer does not lead to a value.
    package func value(at pointer: String) -> JSONValue? {
        guard !pointer.isEmpty else { return self }
        guard pointer.hasPrefix("/") else { return nil }
        return pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false).reduce(self) {
            value, token in
            let name = String(token).replacing("~1", with: "/").replacing("~0", with: "~")
            switch value {
            case .object(let members)?: return members[name]
            case .array(let values)?:
                guard let index = Int(name), values.indices.contains(index), String(index) == name else { return nil }
                return values[index]
            default: return nil
            }
        }
    }
}
