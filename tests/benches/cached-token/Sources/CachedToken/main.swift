import Foundation
import Pforte

// Signs in, then reads `NAME TIMES` and answers with the nanoseconds that so many cached tokens took.
let world = try World()
let pforte = try await world.open()
guard case .cleared = try await pforte.enter("review.write") else { fatalError("not cleared") }
let url = URL(string: world.issuer + "/portal/reviews")!
while let line = readLine() {
    let times = Int(line.split(separator: " ")[1])!
    let clock = ContinuousClock()
    let took = try await clock.measure {
        for _ in 0..<times { _ = try await pforte.authorization(for: url) }
    }
    let (seconds, attoseconds) = took.components
    // Not by `print`, which keeps lines back where nobody looks on.
    let answer = "took \(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)\n"
    FileHandle.standardOutput.write(Data(answer.utf8))
}
