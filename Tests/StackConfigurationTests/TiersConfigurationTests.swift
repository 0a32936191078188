import Testing

@testable import StackConfiguration

/// `store: tiers:`.
@Suite struct TiersConfigurationTests {
    private func text(_ tiers: String, url: String = "s3://first/dr") -> String {
        """
        store: {url: "\(url)", tiers: \(tiers)}
        components:
          rules: {kind: files, data: /etc/prometheus/rules}
        """
    }

    @Test func `a tier is an age and a class`() throws {
        let text = text("{warm: {after: 30d, class: STANDARD_IA}, cold: {after: 90d, class: GLACIER}}")
        let tiers = try #require(try parse(text).store.tiers)
        #expect(tiers.all.map(\.storageClass) == [.standardIA, .glacier])
        #expect(tiers.all.map(\.seconds) == [30 * 86_400, 90 * 86_400])
        let cold = try parse(self.text("{cold: {after: 1y, class: DEEP_ARCHIVE}}")).store.tiers
        #expect(cold?.all.map(\.storageClass) == [.deepArchive])
    }

    @Test(arguments: [
        ("{}", "'tiers' needs 'warm', 'cold' or both"),
        ("{warm: {after: 30d}}", "class"),
        ("{warm: {class: STANDARD_IA}}", "after"),
        ("{warm: {after: 30d, class: STANDARD}}", "unknown value 'STANDARD'"),
        ("{warm: {after: 30d, class: GLACER}}", "GLACIER"),
        ("{warm: {after: 90d, class: STANDARD_IA}, cold: {after: 90d, class: GLACIER}}", "must begin after 'warm'"),
        (
            "{warm: {after: 30d, class: GLACIER_IR}, cold: {after: 90d, class: STANDARD_IA}}",
            "is not colder than GLACIER_IR"
        ),
        ("{warm: {after: 1d, class: GLACIER}, cold: {after: 90d, class: DEEP_ARCHIVE}}", "cannot move on from GLACIER"),
        ("{frozen: {after: 30d, class: GLACIER}}", "frozen"),
    ])
    func `tiers that cannot work are refused`(tiers: String, complaint: String) {
        let complaints = complaints(text(tiers))
        #expect(complaints.contains { $0.contains(complaint) }, "\(complaints)")
    }

    @Test func `a directory has no classes`() {
        let complaints = complaints(text("{cold: {after: 90d, class: GLACIER}}", url: "file:///backups"))
        #expect(complaints.contains { $0.contains("'tiers' needs an s3:// store") }, "\(complaints)")
    }
}
