/// The type of a YAML node. A plain scalar without a tag gets the one that YAML 1.1 reads in its text:
/// <https://yaml.org/type/>.
package struct YAMLTag: Hashable, Sendable {
    package var name: String

    package init(_ name: String) { self.name = name }

    package static let str = core("str")
    package static let map = core("map")
    package static let seq = core("seq")
    package static let null = core("null")
    package static let bool = core("bool")
    package static let int = core("int")
    package static let float = core("float")
    package static let timestamp = core("timestamp")
    package static let merge = core("merge")
    package static let value = core("value")

    private static func core(_ word: String) -> Self { Self("tag:yaml.org,2002:\(word)") }

    /// The type of a plain scalar.
    package init(ofPlain text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false", "False", "FALSE", "on", "On", "ON",
            "off", "Off", "OFF":
            self = .bool
        case "<<": self = .merge
        case "=": self = .value
        default: self = PlainScalar(text).type
        }
    }

}

/// Finds numbers and times among plain scalars. Lists of numbers are long, and patterns would take minutes for them.
private struct PlainScalar {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var type: YAMLTag {
        guard let first = bytes.first, "+-.0123456789".utf8.contains(first) else { return .str }
        if matches({ $0.takeInteger() }) { return .int }
        if matches({ $0.takeFloat() }) { return .float }
        return matches({ $0.takeTime() }) ? .timestamp : .str
    }

    /// True if the whole text has a form.
    private func matches(_ form: (inout Self) -> Bool) -> Bool {
        var copy = self
        return form(&copy) && copy.position == bytes.count
    }

    // MARK: Forms

    private mutating func takeInteger() -> Bool {
        takeSign()
        if take("0") {
            if take("b") { return takeSome("01_") > 0 }
            if take("x") { return takeSome("0123456789abcdefABCDEF_") > 0 }
            if take("o") { return takeSome("01234567_") > 0 }
            _ = takeSome("01234567_")
            return true
        }
        guard takeSome(Self.digits) > 0 else { return false }
        _ = takeSome(Self.digits + "_")
        _ = takeSixtieths()
        return true
    }

    private mutating func takeFloat() -> Bool {
        let hasSign = takeSign()
        if take(".") {
            if take("inf") || take("Inf") || take("INF") { return true }
            guard !hasSign else { return false }
            if take("nan") || take("NaN") || take("NAN") { return true }
            guard takeSome(Self.digits + "_") > 0 else { return false }
            return take("e") || take("E") ? takeSign() && takeSome(Self.digits) > 0 : true
        }
        guard takeSome(Self.digits) > 0 else { return false }
        _ = takeSome(Self.digits + "_")
        let hasSixtieths = takeSixtieths()
        let hasPoint = take(".")
        if hasPoint { _ = takeSome(Self.digits + "_") }
        guard !hasSixtieths else { return hasPoint }
        if take("e") || take("E") {
            takeSign()
            return takeSome(Self.digits) > 0
        }
        return true
    }

    /// `2001-12-14`, or a date with a time and a zone.
    private mutating func takeTime() -> Bool {
        guard takeSome(Self.digits) == 4, take("-") else { return false }
        let month = takeSome(Self.digits)
        guard 1...2 ~= month, take("-") else { return false }
        let day = takeSome(Self.digits)
        guard 1...2 ~= day else { return false }
        guard position < bytes.count else { return month == 2 && day == 2 }
        guard take("T") || take("t") || takeSome(" \t") > 0 else { return false }
        guard 1...2 ~= takeSome(Self.digits), take(":"), takeSome(Self.digits) == 2, take(":"),
            takeSome(Self.digits) == 2
        else { return false }
        if take(".") { _ = takeSome(Self.digits) }
        _ = takeSome(" \t")
        if take("Z") || position == bytes.count { return true }
        guard takeSign(), 1...2 ~= takeSome(Self.digits) else { return false }
        return take(":") ? takeSome(Self.digits) == 2 : true
    }

    /// `:30:15` of a number with base 60.
    private mutating func takeSixtieths() -> Bool {
        let start = position
        while take(":") {
            let digits = position
            let count = takeSome(Self.digits)
            guard count == 1 || count == 2 && bytes[digits] < UInt8(ascii: "6") else {
                position = start
                return false
            }
        }
        return position > start
    }

    // MARK: Parts

    private static let digits = "0123456789"

    @discardableResult private mutating func takeSign() -> Bool { take("-") || take("+") }

    private mutating func take(_ text: StaticString) -> Bool {
        let end = position + text.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        let isThere = text.withUTF8Buffer { bytes[position..<end].elementsEqual($0) }
        if isThere { position = end }
        return isThere
    }

    private mutating func takeSome(_ allowed: String) -> Int {
        let start = position
        while position < bytes.count, allowed.utf8.contains(bytes[position]) { position += 1 }
        return position - start
    }
}
