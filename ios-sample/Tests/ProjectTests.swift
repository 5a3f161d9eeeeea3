import Foundation
import Testing

/// The Xcode project, as far as it can be read without Xcode.
@Suite struct ProjectTests {
    @Test func everyPartThatTheProjectNamesIsThere() throws {
        let file = sample.appendingPathComponent("Portal.xcodeproj/project.pbxproj")
        let parsed = try PropertyListSerialization.propertyList(from: Data(contentsOf: file), format: nil)
        let project = try #require(parsed as? [String: Any])
        let objects = try #require(project["objects"] as? [String: [String: Any]])
        let root = try #require(project["rootObject"] as? String)

        var named: Set = [root]
        for object in objects.values { named.formUnion(identifiers(in: object)) }
        #expect(named == Set(objects.keys), "each part is named, and each name has a part")

        for object in objects.values where object["sourceTree"] as? String == "<group>" {
            guard let path = object["path"] as? String else { continue }
            #expect(FileManager.default.fileExists(atPath: sample.appendingPathComponent(path).path), "\(path)")
        }
        // `cargo xtask apple` writes it.
        #expect(objects.values.compactMap { $0["relativePath"] as? String } == ["../target/apple/Pforte"])
    }

    private func identifiers(in value: Any) -> Set<String> {
        switch value {
        case let text as String: text.wholeMatch(of: /F0[0-9A-F]{22}/) == nil ? [] : [text]
        case let list as [Any]: list.reduce(into: []) { $0.formUnion(identifiers(in: $1)) }
        case let object as [String: Any]: object.values.reduce(into: []) { $0.formUnion(identifiers(in: $1)) }
        default: []
        }
    }
}
