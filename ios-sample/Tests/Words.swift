import Foundation
import SwiftUI

/// The app's string catalogue in the place of Xcode's: the language of the test's guest, and what it has no words for.
@MainActor
enum Words {
    /// Keys that a screen asked for and the catalogue does not have.
    static var missing: [String] { sought.missing }

    static func speak(_ language: String) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Portal/Localizable.xcstrings")
        let catalogue = try JSONDecoder().decode(Catalogue.self, from: Data(contentsOf: file))
        sought.missing = []
        StubStrings.translate = { key in
            guard let entry = catalogue.strings[key], let german = entry.localizations["de"] else {
                sought.missing.append(key)
                return nil
            }
            return language == "de" ? german.stringUnit.value : key
        }
    }

    private static let sought = Sought()
}

/// Views are shown on the main actor alone.
private final class Sought: @unchecked Sendable { var missing: [String] = [] }

private struct Catalogue: Decodable {
    struct Entry: Decodable { let localizations: [String: Translation] }
    struct Translation: Decodable { let stringUnit: Unit }
    struct Unit: Decodable { let value: String }
    let strings: [String: Entry]
}
