/// The reason why a file of the index is damaged.
struct IndexDefect: Error {
    var detail: String

    init(_ detail: String) { self.detail = detail }
}
