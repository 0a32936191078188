/// The metrics of one stack that its runs have written so far: a one-shot program keeps its counters here.
package struct MetricBook: Codable, Equatable, Sendable {
    package private(set) var families: [MetricFamily] = []

    package init(_ families: [MetricFamily] = []) { self.families = families }

    /// Replaces all samples of the family, so that those of removed components end.
    package mutating func replace(_ family: MetricFamily) {
        update(family) { $0 = family.samples }
    }

    /// Replaces the samples with the same labels, and keeps the others.
    package mutating func merge(_ family: MetricFamily) {
        update(family) { samples in
            for sample in family.samples {
                if let index = samples.firstIndex(where: { $0.labels == sample.labels }) {
                    samples[index] = sample
                } else {
                    samples.append(sample)
                }
            }
        }
    }

    /// Adds counts to those with the same labels.
    package mutating func add(_ family: MetricFamily) {
        update(family) { samples in
            for sample in family.samples {
                guard let index = samples.firstIndex(where: { $0.labels == sample.labels }) else {
                    samples.append(sample)
                    continue
                }
                switch (samples[index].value, sample.value) {
                case (.number(let old), .number(let more)): samples[index].value = .number(old + more)
                case (.histogram(var old), .histogram(let more)):
                    old.add(more)
                    samples[index].value = .histogram(old)
                case (_, let more): samples[index].value = more
                }
            }
        }
    }

    /// Takes the help, the unit and the kind from the newer program.
    private mutating func update(_ family: MetricFamily, _ change: (inout [MetricFamily.Sample]) -> Void) {
        var new = family
        if let index = families.firstIndex(where: { $0.name == family.name }) {
            new.samples = families[index].kind == family.kind ? families[index].samples : []
            change(&new.samples)
            families[index] = new
        } else {
            new.samples = []
            change(&new.samples)
            families.append(new)
        }
    }

    /// Removes the families that this program does not know: an older or a newer one wrote them.
    package mutating func keep(only names: Set<String>) { families.removeAll { !names.contains($0.name) } }
}
