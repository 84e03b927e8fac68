// A drawing as the digits model wants it: 8 by 8 counts of ink, 0...16.

/// A point of a drawing; the unit does not matter, y grows downwards.
public struct Point: Equatable, Sendable {
    public let x: Double
    public let y: Double

    public init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }
}

/// What a finger has drawn: lines of points.
public struct Strokes: Equatable, Sendable {
    public private(set) var lines: [[Point]] = []

    public init() {}

    /// The finger touches down.
    public mutating func begin(at point: Point) { lines.append([point]) }

    /// The finger moves.
    public mutating func move(to point: Point) {
        if lines.isEmpty { begin(at: point) } else { lines[lines.count - 1].append(point) }
    }

    /// Ink in each of 8 by 8 fields, row by row. The training images were made like this: a bitmap of 32 by 32 that the digit
    /// fills, and the number of black dots in each block of 4 by 4.
    public func image() -> [[Int]] {
        var bitmap = [Bool](repeating: false, count: Self.dots * Self.dots)
        let points = lines.joined()
        guard let first = points.first else { return Self.fields(bitmap) }
        var (low, high) = ((x: first.x, y: first.y), (x: first.x, y: first.y))
        for point in points {
            low = (min(low.x, point.x), min(low.y, point.y))
            high = (max(high.x, point.x), max(high.y, point.y))
        }
        let size = max(high.x - low.x, high.y - low.y, .leastNonzeroMagnitude)
        let (room, middle) = (Double(Self.dots) - 2 * Self.pen, Double(Self.dots) / 2)
        let placed = { (point: Point) in
            Point(
                x: middle + (point.x - (low.x + high.x) / 2) / size * room,
                y: middle + (point.y - (low.y + high.y) / 2) / size * room)
        }
        for line in lines {
            let line = line.map(placed)
            for (from, to) in zip(line, line.dropFirst().isEmpty ? line[...] : line.dropFirst()) {
                Self.ink(&bitmap, from, to)
            }
        }
        return Self.fields(bitmap)
    }

    private static let dots = 32
    /// Half the width of a line, in dots.
    private static let pen = 2.0

    private static func ink(_ bitmap: inout [Bool], _ from: Point, _ to: Point) {
        let steps = max(1, Int(max(abs(to.x - from.x), abs(to.y - from.y)) * 2))
        for step in 0...steps {
            let share = Double(step) / Double(steps)
            let (x, y) = (from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share)
            for row in max(0, Int(y - pen))...min(dots - 1, Int(y + pen)) {
                for column in max(0, Int(x - pen))...min(dots - 1, Int(x + pen)) {
                    let (dx, dy) = (Double(column) + 0.5 - x, Double(row) + 0.5 - y)
                    if dx * dx + dy * dy <= pen * pen { bitmap[row * dots + column] = true }
                }
            }
        }
    }

    private static func fields(_ bitmap: [Bool]) -> [[Int]] {
        (0..<8).map { row in
            (0..<8).map { column in
                (0..<16).count { bitmap[(row * 4 + $0 / 4) * dots + column * 4 + $0 % 4] }
            }
        }
    }
}

/// The record of the digits model.
public struct Drawing: Encodable, Sendable {
    public let image: [[Int]]

    public init(_ strokes: Strokes) {
        image = strokes.image()
    }
}
