import Foundation
import Pforte
import Testing

/// The gate's shared cases, decided through this language's library, byte for byte as Rust decided them.
@Suite struct SharedCasesTests {
    @Test func aThousandCasesAreDecidedAlike() throws {
        let folder = URL(fileURLWithPath: try World.surrounding("PFORTE_CASES"))
        func lines(_ name: String) throws -> [String] {
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            return text.split(separator: "\n").map(String.init)
        }
        let (cases, decisions) = (try lines("cases.jsonl"), try lines("decisions.jsonl"))
        #expect(cases.count == 1000 && decisions.count == 1000)
        var differ: [Int] = []
        for (n, (json, decision)) in zip(cases, decisions).enumerated() where decideCase(json: json) != decision {
            differ.append(n)
        }
        #expect(differ == [])
        // The comparison would notice: another case has another answer.
        #expect(Set(decisions).count > 100)
    }
}
