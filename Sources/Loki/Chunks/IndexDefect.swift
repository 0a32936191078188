/// Why a file of the index is not sound.
struct IndexDefect: Error {
    var detail: String

    init(_ detail: String) { self.detail = detail }
}
