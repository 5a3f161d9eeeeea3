import SwiftUI

/// One column, as wide as is good to read. It scrolls, so that large text never hides anything.
struct Scrolling<Content: View>: View {
    @ViewBuilder let content: Content

    var body: some View {
        ScrollView {
            VStack(alignment: .leading, spacing: 16) { content }
                .frame(maxWidth: 640, alignment: .leading)
                .padding()
        }
    }
}

/// The heading of a part of a screen.
struct Heading: View {
    private let text: Text

    init(_ words: LocalizedStringKey) { text = Text(words) }
    init(verbatim words: String) { text = Text(verbatim: words) }

    var body: some View { text.font(.title3).bold().accessibilityAddTraits(.isHeader) }
}

/// What is less important.
struct Remark: View {
    private let text: Text

    init(_ words: LocalizedStringKey) { text = Text(words) }
    init(verbatim words: String) { text = Text(verbatim: words) }

    var body: some View { text.font(.footnote).foregroundStyle(.secondary) }
}

/// What is missing.
struct Warning: View {
    private let text: String

    init(_ words: String.LocalizationValue) { text = String(localized: words) }

    var body: some View {
        Text(verbatim: text).bold().foregroundStyle(.red).accessibilityIdentifier("warning").spoken(text)
    }
}

extension View {
    /// VoiceOver reads it as soon as it is there: nobody has to look for it.
    func spoken(_ text: String) -> some View {
        task(id: text) { UIAccessibility.post(notification: .announcement, argument: text) }
    }
}

/// The one thing a screen is for.
struct MainButton: View {
    private let label: Text
    private let action: @MainActor () -> Void

    init(_ words: LocalizedStringKey, action: @escaping @MainActor () -> Void) {
        label = Text(words)
        self.action = action
    }

    init(verbatim words: String, action: @escaping @MainActor () -> Void) {
        label = Text(verbatim: words)
        self.action = action
    }

    var body: some View {
        Button(action: action) { label.frame(maxWidth: .infinity, minHeight: 44) }.buttonStyle(.borderedProminent)
    }
}

/// Everything else. Where a question has two answers, both are such buttons: to refuse is as prominent as to agree.
struct OtherButton: View {
    private let label: Text
    private let action: @MainActor () -> Void

    init(_ words: LocalizedStringKey, action: @escaping @MainActor () -> Void) {
        label = Text(words)
        self.action = action
    }

    var body: some View {
        Button(action: action) { label.frame(maxWidth: .infinity, minHeight: 44) }.buttonStyle(.bordered)
    }
}

/// What belongs together.
struct Card<Content: View>: View {
    @ViewBuilder let content: Content

    var body: some View {
        VStack(alignment: .leading, spacing: 8) { content }
            .padding()
            .frame(maxWidth: .infinity, alignment: .leading)
            .background(.thinMaterial, in: RoundedRectangle(cornerRadius: 16))
    }
}

/// A drawing in the place of a photograph. Says nothing, so it is not read aloud.
struct HotelPicture: View {
    let hotel: Hotel
    let height: CGFloat

    var body: some View {
        Image(systemName: "house.lodge.fill")
            .font(.largeTitle)
            .foregroundStyle(.white)
            .frame(maxWidth: .infinity, minHeight: height)
            .background(hotel.sky, in: RoundedRectangle(cornerRadius: 24))
            .accessibilityHidden(true)
    }
}
