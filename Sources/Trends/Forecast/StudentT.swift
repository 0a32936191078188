internal import FoundationEssentials
internal import Glibc

/// Student's t distribution, for the error of a forecast from few samples.
enum StudentT {
    /// Returns the value below which `probability` of the distribution lies.
    ///
    /// The distribution function has no inverse in closed form. It rises everywhere, so bisection finds the value to
    /// the precision of the function itself in some sixty steps.
    /// - Parameters:
    ///   - probability: above one half and below one.
    ///   - degrees: of freedom, at least 1.
    static func quantile(_ probability: Double, degrees: Int) -> Double {
        precondition(probability > 0.5 && probability < 1 && degrees >= 1)
        var low = 0.0, high = 1.0
        while cumulative(high, degrees: degrees) < probability { (low, high) = (high, high * 2) }
        while true {
            let middle = (low + high) / 2
            guard middle > low, middle < high else { return middle }
            if cumulative(middle, degrees: degrees) < probability { low = middle } else { high = middle }
        }
    }

    /// Returns the probability of a value below `t`, which must not be negative.
    static func cumulative(_ t: Double, degrees: Int) -> Double {
        let n = Double(degrees)
        return 1 - incompleteBeta(n / (n + t * t), a: n / 2, b: 0.5) / 2
    }

    /// The regularised incomplete beta function I_x(a, b), computed from the side of its mean where the continued
    /// fraction converges fast.
    private static func incompleteBeta(_ x: Double, a: Double, b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        return x < (a + 1) / (a + b + 2) ? expanded(x, a: a, b: b) : 1 - expanded(1 - x, a: b, b: a)
    }

    /// Expands by Abramowitz and Stegun 26.5.8.
    private static func expanded(_ x: Double, a: Double, b: Double) -> Double {
        let beta = lgamma(a) + lgamma(b) - lgamma(a + b)
        let front = exp(a * log(x) + b * log(1 - x) - beta) / a
        return front * fraction(x, a: a, b: b)
    }

    /// Evaluates the continued fraction from the left by Lentz's method: numerators and denominators as ratios, so that
    /// no value overflows.
    private static func fraction(_ x: Double, a: Double, b: Double) -> Double {
        let tiny = 1e-300
        func nonZero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / nonZero(1 - (a + b) * x / (a + 1))
        var result = d
        for step in 1...10_000 {
            let m = Double(step)
            let width = a + 2 * m
            let even = m * (b - m) * x / ((width - 1) * width)
            let odd = -(a + m) * (a + b + m) * x / (width * (width + 1))
            for term in [even, odd] {
                d = 1 / nonZero(1 + term * d)
                c = nonZero(1 + term / c)
                result *= d * c
            }
            if abs(d * c - 1) < 1e-16 { break }
        }
        return result
    }
}
