import Foundation
import Testing

@testable import HotelPortal

/// The app's words: all there, in both languages, and the same as on Android.
@Suite struct WordsTests {
    @Test func theCatalogueHasEachWordOfTheScreensAndNoOther() throws {
        let shown = try swiftFiles().flatMap { literals(in: try String(contentsOf: $0, encoding: .utf8)) }.filter(isForPeople)
        let catalogue = try Catalogue.ofTheApp().strings.keys.map(withoutPlaces)
        #expect(shown.count > 80)
        #expect(Set(shown).subtracting(catalogue) == [], "on a screen, and not in the catalogue")
        #expect(Set(catalogue).subtracting(shown) == [], "in the catalogue, and on no screen")
    }

    @Test func bothLanguagesSayItWithTheSameValues() throws {
        for (key, entry) in try Catalogue.ofTheApp().strings {
            let (english, german) = (entry.forms(in: "en", of: key), entry.forms(in: "de", of: key))
            #expect(english["other"] != nil && Set(english.keys) == Set(german.keys), "\(key)")
            for words in Array(english.values) + Array(german.values) {
                #expect(!words.isEmpty && places(in: words) == places(in: key), "\(key): \(words)")
            }
        }
    }

    @Test func theWordsAreThoseOnAndroid() throws {
        let words = try Catalogue.ofTheApp().strings.reduce(into: [String: String]()) { words, entry in
            let german = entry.value.forms(in: "de", of: entry.key)
            for (number, english) in entry.value.forms(in: "en", of: entry.key) {
                words[withoutPlaces(english)] = german[number].map(withoutPlaces)
            }
        }
        // The app's name is in InfoPlist; the way back is the system's; its settings have other names; a date stands by itself.
        let otherwise: Set = ["app_name", "back", "no_biometrics", "since"]
        let (english, german) = (try androidWords("values"), try androidWords("values-de"))
        #expect(english.count > 80)
        for (name, text) in english where !otherwise.contains(name) { #expect(words[text] == german[name], "\(name): \(text)") }
    }

    @Test func whatTheSystemShowsIsThereInBothLanguages() throws {
        let file = sample.appendingPathComponent("Portal/InfoPlist.xcstrings")
        let shown = try JSONDecoder().decode(Catalogue.self, from: Data(contentsOf: file)).strings
        #expect(Set(shown.keys) == ["CFBundleDisplayName", "NSFaceIDUsageDescription"])
        for (key, entry) in shown {
            for language in ["en", "de"] { #expect(entry.localizations[language] != nil, "\(key) in \(language)") }
        }
    }

    private func swiftFiles() throws -> [URL] {
        let all = FileManager.default.enumerator(at: sample.appendingPathComponent("Portal"), includingPropertiesForKeys: nil)
        return (all?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
    }

    /// Names for machines begin with a small letter and have no blank.
    private func isForPeople(_ literal: String) -> Bool {
        let names = Hotel.all.flatMap { [$0.name, $0.city] } + ["GET", "POST", "Content-Type"]
        return (literal.first?.isUppercase == true || literal.contains(" ")) && !names.contains(literal)
    }

    /// The literals of a source, each value in them as `%`.
    private func literals(in source: String) -> [String] {
        var found: [String] = []
        for line in source.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("//") {
            var rest = line[...]
            while let start = rest.firstIndex(of: "\"") {
                rest = rest[rest.index(after: start)...]
                found.append(literal(at: &rest))
            }
        }
        return found
    }

    /// Reads up to and with the literal's end.
    private func literal(at rest: inout Substring) -> String {
        var words = ""
        while let next = rest.popFirst(), next != "\"" {
            guard next == "\\", rest.first == "(" else {
                words.append(next)
                continue
            }
            words.append("%")
            var depth = 0
            repeat {
                guard let inside = rest.popFirst() else { break }
                depth += inside == "(" ? 1 : inside == ")" ? -1 : 0
            } while depth > 0
        }
        return words
    }

    private func androidWords(_ folder: String) throws -> [String: String] {
        let file = sample.appendingPathComponent("../android-sample/app/src/main/res/\(folder)/strings.xml")
        let source = try String(contentsOf: file, encoding: .utf8)
        var words: [String: String] = [:]
        for text in source.matches(of: /<string name="(\w+)">(.*)<\/string>/) {
            words[String(text.1)] = withoutPlaces(String(text.2))
        }
        for plural in source.matches(of: /(?s)<plurals name="(\w+)">(.*?)<\/plurals>/) {
            for form in plural.2.matches(of: /<item quantity="(\w+)">(.*)<\/item>/) {
                words["\(plural.1) \(form.1)"] = withoutPlaces(String(form.2))
            }
        }
        return words
    }

    /// `%1$@` and `%lld` here, `%1$s` and `%d` on Android.
    private func withoutPlaces(_ words: String) -> String { words.replacing(/%(\d\$)?(@|lld|s|d)/) { _ in "%" } }

    /// The kinds of the values, in the order in which they are given.
    private func places(in words: String) -> [String] {
        words.matches(of: /%(\d\$)?(@|lld)/).enumerated()
            .map { number, place in "\(place.1 ?? "\(number + 1)$")\(place.2)" }.sorted()
    }
}
