import Foundation
import SwiftUI

/// The app's string catalogue in the place of Xcode's: the language of the test's guest, and what it has no words for.
@MainActor
enum Words {
    /// Keys that a screen asked for and the catalogue does not have.
    static var missing: [String] { sought.missing }

    static func speak(_ language: String) throws {
        let catalogue = try Catalogue.ofTheApp()
        sought.missing = []
        StubStrings.translate = { key, values in
            guard let entry = catalogue.strings[key], entry.forms(in: "de", of: key) != [:] else {
                sought.missing.append(key)
                return nil
            }
            let forms = entry.forms(in: language, of: key)
            return values.first == "1" ? forms["one"] ?? forms["other"] : forms["other"]
        }
    }

    private static let sought = Sought()
}

/// Views are shown on the main actor alone.
private final class Sought: @unchecked Sendable { var missing: [String] = [] }

/// A string catalogue, as Xcode keeps it.
struct Catalogue: Decodable {
    struct Entry: Decodable {
        let localizations: [String: Translation]

        /// The words in a language, by number; `other` where the number makes no difference. English is the key itself, where
        /// nothing else is said.
        func forms(in language: String, of key: String) -> [String: String] {
            guard let translation = localizations[language] else { return language == "en" ? ["other": key] : [:] }
            let forms = translation.variations?.plural ?? translation.stringUnit.map { ["other": Form(stringUnit: $0)] } ?? [:]
            return forms.filter { $0.value.stringUnit.state == "translated" }.mapValues(\.stringUnit.value)
        }
    }

    struct Translation: Decodable {
        let stringUnit: Unit?
        let variations: Variations?
    }

    struct Variations: Decodable { let plural: [String: Form] }
    struct Form: Decodable { let stringUnit: Unit }
    struct Unit: Decodable { let state, value: String }
    let strings: [String: Entry]

    static func ofTheApp() throws -> Catalogue {
        let file = sample.appendingPathComponent("Portal/Localizable.xcstrings")
        return try JSONDecoder().decode(Catalogue.self, from: Data(contentsOf: file))
    }
}

/// This sample's folder.
let sample = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
