import Platform
import RecoveryPlan

/// The steps of a run as a graph: a column for each wave, with the critical path marked.
struct RunGraphPicture {
    private static let box = (width: 176.0, height: 48.0)
    private static let gap = (x: 44.0, y: 14.0)
    private static let margin = 6.0
    /// Steps of one wave beyond these are counted only.
    private static let mostInWave = 24
    private static let mostWaves = 60
    /// Edges beyond these are not drawn: a picture of some thousand shows nothing, and takes seconds to make.
    private static let mostEdges = 600

    static func svg(_ run: WatchedRun) -> String {
        let waves = run.waves.prefix(mostWaves).map { Array($0.prefix(mostInWave)) }
        let rows = Double(waves.map(\.count).max() ?? 1)
        let columns = Double(max(1, waves.count))
        let width = margin * 2 + columns * box.width + (columns - 1) * gap.x
        let height = margin * 2 + rows * box.height + (rows - 1) * gap.y
        var picture = SVGText(width: width, height: height)
        var places: [Int: (x: Double, y: Double)] = [:]
        for (column, wave) in waves.enumerated() {
            // Each column is in the middle of the height, so that edges are short.
            let own = Double(wave.count) * box.height + Double(max(0, wave.count - 1)) * gap.y
            let top = (height - own) / 2
            for (row, step) in wave.enumerated() {
                places[step] = (
                    margin + Double(column) * (box.width + gap.x), top + Double(row) * (box.height + gap.y)
                )
            }
        }
        let index = Dictionary(run.steps.enumerated().map { ($1.id, $0) }) { first, _ in first }
        let critical = Set(run.criticalPath)
        var joints: [(from: Int, to: Int, isCritical: Bool)] = []
        for step in places.keys.sorted() {
            for need in run.steps[step].needs {
                guard let from = index[need], let start = places[from], let end = places[step], start.x < end.x else {
                    continue
                }
                joints.append((from, step, critical.contains(need) && critical.contains(run.steps[step].id)))
            }
        }
        // The critical ones are drawn last, over the others.
        let drawn = (joints.filter(\.isCritical) + joints.filter { !$0.isCritical }).prefix(mostEdges).reversed()
        for joint in drawn {
            guard let from = places[joint.from], let place = places[joint.to] else { continue }
            let start = (x: from.x + box.width, y: from.y + box.height / 2)
            let end = (x: place.x, y: place.y + box.height / 2)
            let bend = (start.x + end.x) / 2
            let path =
                "M\(SVGText.n(start.x)) \(SVGText.n(start.y))C\(SVGText.n(bend)) \(SVGText.n(start.y)) "
                + "\(SVGText.n(bend)) \(SVGText.n(end.y)) \(SVGText.n(end.x)) \(SVGText.n(end.y))"
            picture.add("path", [("d", path), ("class", joint.isCritical ? "edge critical" : "edge")])
        }
        let words = RunWords(run)
        for (step, place) in places.sorted(by: { $0.key < $1.key }) {
            node(run.steps[step], at: place, words, isCritical: critical.contains(run.steps[step].id), in: &picture)
        }
        return picture.svg(title: "Graph of the steps; the table below has the same in words", style: "graph")
    }

    private static func node(
        _ step: WatchedStep, at place: (x: Double, y: Double), _ words: RunWords, isCritical: Bool,
        in picture: inout SVGText
    ) {
        picture.open("g", [("class", "node \(step.state.rawValue)" + (isCritical ? " critical" : ""))])
        picture.add(
            "rect",
            [
                ("x", SVGText.n(place.x)), ("y", SVGText.n(place.y)), ("width", SVGText.n(box.width)),
                ("height", SVGText.n(box.height)), ("rx", "6"),
            ])
        if step.state == .running, !step.isUntimed, let expected = step.expected, expected > 0,
            let seconds = step.seconds(at: words.run.elapsed)
        {
            picture.add(
                "rect",
                [
                    ("x", SVGText.n(place.x)), ("y", SVGText.n(place.y + box.height - 5)),
                    ("width", SVGText.n(box.width * min(1, seconds / expected))), ("height", "5"), ("class", "share"),
                ])
        }
        picture.text(cut(step.id, to: 21), x: place.x + 10, y: place.y + 20, style: "name")
        picture.text(cut(words.short(step), to: 26), x: place.x + 10, y: place.y + 37, style: "state")
        picture.add("title", [], text: "\(step.id): \(words.status(step))")
        picture.close("g")
    }

    private static func cut(_ text: String, to most: Int) -> String {
        text.count <= most ? text : text.prefix(most - 1) + "…"
    }
}
