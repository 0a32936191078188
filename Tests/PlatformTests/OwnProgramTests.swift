import Testing

@testable import Platform

@Suite struct OwnProgramTests {
    @Test(
        arguments: [
            ("/usr/bin/dr", "/usr/bin/dr"),
            ("/opt/dr-1/lib/ld-linux-x86-64.so.2", "/opt/dr-1/dr"),
            ("/usr/bin/dr (deleted)", nil),
            ("ld-linux-x86-64.so.2", "ld-linux-x86-64.so.2"),
            (nil, nil),
        ] as [(String?, String?)])
    func `the start file of a process is its program, or the start script of the archive`(
        _ file: String?, _ start: String?
    ) {
        #expect(OwnProgram.startFile(ofProcessFile: file) == start)
    }

    @Test func `only the archive's own loader names an archive`() {
        #expect(OwnProgram.archive(ofProcessFile: "/opt/dr-1/lib/ld-linux-x86-64.so.2") == "/opt/dr-1")
        #expect(OwnProgram.archive(ofProcessFile: "/opt/dr-1/lib/dr") == nil)
        #expect(OwnProgram.archive(ofProcessFile: nil) == nil)
    }

    @Test func `the tests do not run from an archive`() {
        #expect(OwnProgram.archive == nil && OwnProgram.path.hasPrefix("/"))
    }
}
