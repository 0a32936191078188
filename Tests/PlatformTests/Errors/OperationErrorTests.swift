import Platform
import Testing

@Suite struct OperationErrorTests {
    private struct Sample: OperationError {
        var place: ErrorPlace
        var detail = "the disk is full"
        var hint: String?
        var reasonCode: String { "no_space" }
    }

    @Test(arguments: [
        (ErrorPlace(), nil, "the disk is full"),
        (ErrorPlace(operation: "put"), nil, "put: the disk is full"),
        (ErrorPlace(object: "packs/1"), nil, "packs/1: the disk is full"),
        (ErrorPlace(operation: "put", object: "packs/1"), nil, "put packs/1: the disk is full"),
        (
            ErrorPlace(object: "packs/1", text: "'packs/1'"), "free space",
            "'packs/1': the disk is full\nhint: free space"
        ),
        (ErrorPlace(object: "dr.yaml", text: ""), "free space", "the disk is full\nhint: free space"),
    ])
    func `an error reads place, detail and hint`(place: ErrorPlace, hint: String?, text: String) {
        #expect("\(Sample(place: place, hint: hint))" == text)
    }

    @Test func `an error without advice has no hint`() {
        struct Bare: OperationError {
            var reasonCode: String { "failed" }
            var place: ErrorPlace { ErrorPlace() }
            var detail: String { "it failed" }
        }
        #expect(Bare().hint == nil && "\(Bare())" == "it failed")
    }
}
