// Not Apple's SDK: see README.md of this package.
@_exported import Foundation
@_exported import UIKit

@MainActor @preconcurrency
public protocol View {
    associatedtype Body: View
    @ViewBuilder @MainActor @preconcurrency var body: Body { get }
}

extension Never: View { public var body: Never { fatalError("a view without a body") } }

/// A view that this module shows itself.
@MainActor @preconcurrency
public protocol StubView: View where Body == Never {
    func stubShown(in place: StubPlace) -> [StubNode]
}

extension StubView { public var body: Never { fatalError("a view without a body") } }

@resultBuilder
public struct ViewBuilder {
    public static func buildExpression<V: View>(_ view: V) -> V { view }
    @MainActor public static func buildBlock() -> EmptyView { EmptyView() }
    public static func buildBlock<V: View>(_ view: V) -> V { view }
    @MainActor public static func buildBlock<each V: View>(_ view: repeat each V) -> TupleView<(repeat each V)> {
        TupleView((repeat each view))
    }
    public static func buildIf<V: View>(_ view: V?) -> V? { view }
    public static func buildEither<A: View, B: View>(first: A) -> StubEither<A, B> { .first(first) }
    public static func buildEither<A: View, B: View>(second: B) -> StubEither<A, B> { .second(second) }
    @MainActor public static func buildLimitedAvailability<V: View>(_ view: V) -> AnyView { AnyView(view) }
}

extension Optional: View where Wrapped: View {}
extension Optional: StubView where Wrapped: View {
    public func stubShown(in place: StubPlace) -> [StubNode] { map { place.shown($0, "some") } ?? [] }
}

public enum StubEither<A: View, B: View>: StubView {
    case first(A)
    case second(B)

    public func stubShown(in place: StubPlace) -> [StubNode] {
        switch self {
        case .first(let view): place.shown(view, "first")
        case .second(let view): place.shown(view, "second")
        }
    }
}

public struct EmptyView: StubView {
    public init() {}
    public func stubShown(in place: StubPlace) -> [StubNode] { [] }
}

public struct AnyView: StubView {
    private let show: (StubPlace) -> [StubNode]
    public init(_ view: some View) { show = { $0.shown(view, "any") } }
    public func stubShown(in place: StubPlace) -> [StubNode] { show(place) }
}

public struct TupleView<T>: StubView {
    private let views: T
    public init(_ views: T) { self.views = views }

    public func stubShown(in place: StubPlace) -> [StubNode] {
        Mirror(reflecting: views).children.enumerated().flatMap { index, child -> [StubNode] in
            guard let view = child.value as? any View else { return [] }
            return place.shown(view, "\(index)")
        }
    }
}

public struct Group<Content: View>: StubView {
    private let content: Content
    public init(@ViewBuilder content: () -> Content) { self.content = content() }
    public func stubShown(in place: StubPlace) -> [StubNode] { place.shown(content, "group") }
}

/// A view with something changed about it.
public struct StubModified<Content: View>: StubView {
    let content: Content
    let change: @MainActor (StubPlace, (StubPlace) -> [StubNode]) -> [StubNode]

    public func stubShown(in place: StubPlace) -> [StubNode] {
        change(place) { $0.shown(content, "modified") }
    }
}

/// What a person meets on the screen: a text, a control, or a group of them.
@MainActor
public struct StubNode {
    /// `Text`, `Button`, `TextField`, `Toggle`, `Picker`, `Image`, `List`, `Sheet` and so on.
    public var kind: String
    public var text = ""
    /// Set by `accessibilityIdentifier`.
    public var identifier = ""
    /// Set by `accessibilityLabel`; what VoiceOver reads instead of the text.
    public var label: String?
    public var traits: Set<String> = []
    public var isHidden = false
    public var isEnabled = true
    /// Fonts, styles and frames, as they were set.
    public var style: [String] = []
    public var children: [StubNode] = []
    /// The tag of an answer in a picker.
    public var tag: AnyHashable?
    var press: (@MainActor () -> Void)?
    var entry: Binding<String>?
    var isOn: Binding<Bool>?
    var select: (@MainActor (AnyHashable) -> Void)?
    var selected: AnyHashable?

    init(_ kind: String, text: String = "", children: [StubNode] = []) {
        self.kind = kind
        self.text = text
        self.children = children
    }

    /// This node and all below it, from top to bottom.
    public var everything: [StubNode] { [self] + children.flatMap(\.everything) }
    /// Whether it lies above the screen that asked for it.
    var isPresented: Bool { kind == "Sheet" || kind == "Alert" }
    /// What stands on it, from top to bottom.
    public var texts: [String] { everything.filter { $0.kind == "Text" }.map(\.text) }
}
