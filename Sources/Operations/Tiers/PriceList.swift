package import Documents

/// What a store asks for each storage class, from a file that the user edits.
package struct PriceList: Equatable, Sendable {
    package struct Price: Equatable, Sendable {
        /// For one GB (10^9 bytes) in a month.
        package var month = 0.0
        /// For one GB that is read or thawed.
        package var retrieval = 0.0

        package init() {}
    }

    package var currency = ""
    /// The region and the date of the figures, in words.
    package var source = ""
    /// By the name of the class.
    package var classes: [String: Price] = [:]

    package init() {}

    /// The list that `--print-prices` prints, and that counts without a file.
    package static let standardText = """
        # Prices for `dr stats --cost`. CHECK THEM: they are list prices that were written down once, they differ by
        # region and contract, and they change. https://aws.amazon.com/s3/pricing/ has the present ones.
        # Requests, transfer to the Internet, taxes and discounts are not in them.
        currency: USD
        source: Amazon S3, US East (N. Virginia), first 50 TB, Standard retrievals, written down in 2026 without a check
        classes:
          # month: for one GB (10^9 bytes) stored in a month; retrieval: for one GB read or thawed
          STANDARD: {month: 0.023, retrieval: 0}
          STANDARD_IA: {month: 0.0125, retrieval: 0.01}
          ONEZONE_IA: {month: 0.01, retrieval: 0.01}
          GLACIER_IR: {month: 0.004, retrieval: 0.03}
          GLACIER: {month: 0.0036, retrieval: 0.01}
          DEEP_ARCHIVE: {month: 0.00099, retrieval: 0.02}

        """

    /// - Parameter file: nil for the standard list.
    /// - Throws: `DocumentError`.
    package static func read(_ file: String?) throws -> PriceList {
        let document =
            try file.map { try YAMLDocument(reading: $0) }
            ?? YAMLDocument(standardText, file: "the standard prices", folder: "/")
        return try document.section(PriceList.self)
    }
}

extension PriceList: Section {
    package static let keys: [Key<Self>] = [
        Key("currency", \.currency, as: .text, required: true, about: "Currency of the prices, such as USD."),
        Key("source", \.source, as: .text, required: true, about: "Region and date of the prices, in words."),
        Key(
            "classes", \.classes, as: .mapping(of: .section()), required: true,
            about: "Prices by the name of the storage class."),
    ]
}

extension PriceList.Price: Section {
    package static let keys: [Key<Self>] = [
        Key("month", \.month, as: .price, required: true, about: "For one GB (10^9 bytes) stored in a month."),
        Key("retrieval", \.retrieval, as: .price, about: "For one GB that is read or thawed. Default: 0."),
    ]
}

extension Shape where Value == Double {
    /// An amount of money that is not negative.
    fileprivate static let price = Shape(schema: ["type": "number", "minimum": 0]) { node, reader in
        guard let text = node.scalar?.string, let price = Double(text), (0...1e6).contains(price) else {
            reader.complain(node, "expected a price such as 0.023, found \(node.kindForPeople)")
            return nil
        }
        return price
    }
}
