import Testing

@testable import Drills

@Suite struct AlarmTests {
    @Test func `a message becomes a line without its advice`() {
        let alarm = Alarm(
            "loki", "restore loki: not restored, 2 damaged:\n  a: gone\n  b: gone\nhint: an older set\n  may do")
        #expect(alarm.why == "restore loki: not restored, 2 damaged: a: gone; b: gone")
        #expect(Alarm("x", String(repeating: "é", count: 1000)).why.count == 300)
    }

    @Test func `only the right reason counts`() {
        let away = Alarm("loki", "the store does not answer"), damaged = Alarm("loki", "at byte 3", isDamage: true)
        let other = Alarm("grafana", "at byte 3", isDamage: true)
        #expect(Alarm.isNoticed([damaged], by: ["loki"], asDamage: true))
        #expect(Alarm.isNoticed([other, damaged], by: ["loki"], asDamage: true))
        #expect(!Alarm.isNoticed([away], by: ["loki"], asDamage: true))
        #expect(!Alarm.isNoticed([other], by: ["loki"], asDamage: true))
        #expect(!Alarm.isNoticed([], by: ["loki"], asDamage: true))
        #expect(Alarm.isNoticed([Alarm("canaries", "older")], by: ["canaries", "data_equality"], asDamage: false))
    }
}
