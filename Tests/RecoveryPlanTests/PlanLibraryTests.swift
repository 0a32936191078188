import Documents
import Foundation
import Lab
import Platform
import ShippedPlans
import Testing

@testable import RecoveryPlan

@Suite struct PlanLibraryTests {
    private func library(_ files: [String: String]) throws -> PlanLibrary {
        let folder = try TemporaryFolder("plans")
        for (name, text) in files { try Data(text.utf8).write(to: folder.url.appending(path: name)) }
        return try PlanLibrary(
            plans: folder.path, shipped: [("a.yaml", "scenario: a\naliases: [b]"), ("c.yaml", "scenario: c")],
            folder: "/etc/dr")
    }

    @Test func `a plan of the folder takes the place of the programs own`() throws {
        let plans = try library(["mine.yaml": "scenario: m\naliases: [b]", "README.md": "x", ".x.yaml": "scenario: x"])
        #expect(plans.entries.map(\.scenario) == ["c", "m"] && plans.entries.map(\.isBuiltIn) == [true, false])
        #expect(try plans.entry(for: "b").scenario == "m")
        let error = #expect(throws: DocumentError.self) { try plans.entry(for: "a2") }
        #expect(error?.description.contains("there is no plan for scenario 'a2'") == true)
        let builtIn = try PlanLibrary(plans: nil, shipped: [("a.yaml", "scenario: a")], folder: "/").entry(for: "a")
        #expect(builtIn.isBuiltIn && builtIn.text.file == "built-in/a.yaml")
    }

    @Test func `two plans for one name are refused`() throws {
        let plans = try library(["1.yaml": "scenario: m", "2.yaml": "scenario: n\naliases: [m]"])
        #expect(plans.entries.contains { $0.scenario == "m" } && !plans.entries.contains { $0.scenario == "n" })
        #expect(plans.complaints.map(\.message).first?.hasPrefix("scenario 'm' already has a plan:") == true)
        #expect(throws: DocumentError.self) { try plans.entry(for: "n") }
    }

    /// Otherwise the built-in plan would run instead of the operator's own plan.
    @Test func `an unreadable plan file is an error, not ignored`() throws {
        let plans = try library(["a.yaml": "scenario: [", "other.yml": "steps: []"])
        #expect(plans.complaints.count == 2)
        #expect(throws: DocumentError.self) { try plans.entry(for: "a") }
        #expect(throws: DocumentError.self) { try plans.entry(for: "b") }
        #expect(try plans.entry(for: "c").isBuiltIn)
    }

    @Test(arguments: ["", " \n\t\n"])
    func `a file that a shell has just emptied hides a plan only from being run`(text: String) throws {
        let plans = try library(["a.yaml": text])
        #expect(try plans.entry(for: "a", skippingEmpty: true).isBuiltIn)
        #expect(try plans.entry(for: "b", skippingEmpty: true).scenario == "a")
        let error = #expect(throws: DocumentError.self) { try plans.entry(for: "a") }
        let message = try #require(error?.description)
        #expect(message.contains("is empty") && message.contains("hint: delete it"))
        #expect(message.contains("dr plan show a --source > "))
        // A file that contains a comment is not empty and is reported.
        #expect(throws: DocumentError.self) { try library(["a.yaml": "# mine"]).entry(for: "a", skippingEmpty: true) }
    }

    @Test func `a folder that is not there is named`() {
        let error = #expect(throws: DocumentError.self) {
            try PlanLibrary(plans: "/nowhere/plans", shipped: [], folder: "/")
        }
        #expect(error?.description.contains("/nowhere/plans") == true)
    }
}
