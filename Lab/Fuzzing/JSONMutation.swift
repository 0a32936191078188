internal import Documents
package import Lab

/// Changes of a JSON document that keep most of its structure, so that they get past the first checks of a reader.
package enum JSONMutation {
    /// Changes one to three values or members of a document.
    package static func apply(to document: JSONText, _ random: inout CorpusRandom) -> JSONText {
        var document = document
        for _ in 0...random.below(3) {
            let donor = document[random.below(document.count)]
            let position = random.below(document.count)
            var changed: JSONText?
            document.replace(position) { node in
                let result = change(node, donor: donor, &random)
                changed = result
                return result
            }
            if changed == nil { break }
        }
        return document
    }

    /// Changes a text: its values where it is JSON, else, and sometimes anyway, its bytes.
    package static func apply(toText text: [UInt8], _ random: inout CorpusRandom) -> [UInt8] {
        guard random.below(5) > 0, let value = try? JSONValue(parsing: text) else {
            return ByteMutation.apply(to: text, &random)
        }
        return apply(to: JSONText(value), &random).bytes
    }

    /// The most bytes that a repeated value adds.
    private static let longest = 4 << 20

    private static func change(_ node: JSONText, donor: JSONText, _ random: inout CorpusRandom) -> JSONText {
        switch node {
        case .raw: return random.below(8) == 0 ? donor : scalar(&random)
        case .array(let values) where !values.isEmpty: return change(values, donor: donor, &random)
        case .object(let members) where !members.isEmpty: return change(members, donor: donor, &random)
        case .array, .object: return random.below(2) == 0 ? .array([donor]) : scalar(&random)
        }
    }

    private static func scalar(_ random: inout CorpusRandom) -> JSONText {
        switch random.below(10) {
        case 0..<4: .raw(HostileValues.numbers[random.below(HostileValues.numbers.count)])
        case 4..<8: .string(HostileValues.strings[random.below(HostileValues.strings.count)])
        case 8: .raw(["null", "true", "false", "[]", "{}", "\"\\ud800\"", ""][random.below(7)])
        default: nested(deep: [3, 40, 600, 20_000][random.below(4)])
        }
    }

    private static func nested(deep levels: Int) -> JSONText {
        .raw(String(repeating: "[", count: levels) + String(repeating: "]", count: levels))
    }

    private static func change(_ values: [JSONText], donor: JSONText, _ random: inout CorpusRandom) -> JSONText {
        var values = values
        let place = random.below(values.count)
        switch random.below(7) {
        case 0: values.remove(at: place)
        case 1: values.append(values[place])
        case 2: values.insert(donor, at: place)
        case 3: values.swapAt(place, random.below(values.count))
        case 4:
            let count = [2, 100, 5000][random.below(3)]
            // 5,000 times a deep nesting is an input of 200 MB, whose copies alone take the time of a hang.
            let most = longest / max(1, values[place].bytes.count)
            values += repeatElement(values[place], count: min(count, most))
        case 5: return .array([])
        default: return scalar(&random)
        }
        return .array(values)
    }

    private static func change(
        _ members: [(name: String, value: JSONText)], donor: JSONText, _ random: inout CorpusRandom
    ) -> JSONText {
        var members = members
        let place = random.below(members.count)
        switch random.below(7) {
        case 0: members.remove(at: place)
        case 1: members[place].name = HostileValues.strings[random.below(HostileValues.strings.count)]
        case 2: members.append((members[place].name, scalar(&random)))
        case 3: members.append((HostileValues.strings[random.below(HostileValues.strings.count)], members[place].value))
        case 4: members[place].value = donor
        case 5: members[place].value = scalar(&random)
        default: return random.below(4) == 0 ? scalar(&random) : .object([])
        }
        return .object(members)
    }
}
