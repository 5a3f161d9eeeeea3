import PforteApple
import SwiftUI

/// What is on the screen: a question above all, else what the session's status calls for, else where the person went.
struct PortalScreens: View {
    @ObservedObject var portal: Portal
    @ObservedObject var presenter: PortalPresenter

    var body: some View {
        ZStack {
            // Below a question or the lock screen it stays as it is: what was typed is still there afterwards.
            NavigationStack(path: $portal.trail) {
                WelcomeScreen(portal: portal)
                    .navigationDestination(for: Screen.self) { screen in destination(screen) }
            }
            .opacity(isOpen ? 1 : 0)
            .disabled(!isOpen)
            .accessibilityHidden(!isOpen)
            switch portal.status {
            case .locked(let loginHint): LockScreen(loginHint: loginHint, portal: portal)
            case .unavailable(let cause, let why): UnavailableScreen(cause: cause, why: why, portal: portal)
            case .signedOut, .unlocked: EmptyView()
            case nil: ProgressView()
            }
        }
        .overlay(alignment: .bottom) {
            if let message = portal.message { Toast(message: message) { portal.message = nil } }
        }
        .sheet(item: $presenter.open) { AskScreen(open: $0) }
        .task { await portal.follow() }
    }

    private var isOpen: Bool {
        switch portal.status {
        case .signedOut, .unlocked: true
        case .locked, .unavailable, nil: false
        }
    }

    @ViewBuilder private func destination(_ screen: Screen) -> some View {
        switch screen {
        case .hotels: HotelsScreen(portal: portal)
        case .hotel(let hotel): HotelScreen(hotel: hotel, portal: portal)
        case .review(let hotel): ReviewScreen(hotel: hotel, portal: portal)
        case .booking(let hotel): BookingScreen(hotel: hotel, portal: portal)
        case .account: AccountScreen(portal: portal)
        case .privacy: PrivacyScreen(portal: portal)
        case .security: SecurityScreen(portal: portal)
        }
    }
}

/// Something told in passing; a tap takes it away.
private struct Toast: View {
    let message: Message
    let close: @MainActor () -> Void

    var body: some View {
        Button(action: close) { Text(verbatim: message.text).frame(maxWidth: .infinity, minHeight: 44).padding() }
            .buttonStyle(.plain)
            .background(.regularMaterial, in: RoundedRectangle(cornerRadius: 16))
            .padding()
            .accessibilityIdentifier("message")
            .spoken(message.text)
    }
}
