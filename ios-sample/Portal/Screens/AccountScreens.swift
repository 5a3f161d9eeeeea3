import PforteApple
import SwiftUI

/// Whose account it is, and what there is to do with it.
struct AccountScreen: View {
    @ObservedObject var portal: Portal

    var body: some View {
        Scrolling {
            if case .unlocked(let profile) = portal.status {
                if let name = profile.first(where: { $0.name == "display_name" || $0.name == "name" })?.value {
                    Heading("Hello, \(name)")
                } else {
                    Heading("You are signed in")
                }
                OtherButton("Lock now", action: portal.lock)
                OtherButton("Security", action: portal.showSecurity)
                OtherButton("Who knows me", action: portal.showPrivacy)
                OtherButton("Sign out", action: portal.signOut)
            } else {
                Text("You are not signed in.")
                MainButton("Sign in", action: portal.signIn)
                OtherButton("Who knows me", action: portal.showPrivacy)
            }
        }
        .navigationTitle("Account")
    }
}

/// How the session is kept on this device, and why it is as it is.
struct SecurityScreen: View {
    @ObservedObject var portal: Portal

    var body: some View {
        Scrolling {
            if let security = portal.security {
                Heading("This device")
                kept(security.view.kept)
                if security.view.gate.biometric == .ready {
                    Toggle("Unlock with face or fingerprint", isOn: gate(security.view.kept == .behindGate))
                        .accessibilityIdentifier("gate")
                } else {
                    Remark("To lock your account, set up Face ID or Touch ID in the device’s settings.")
                }
                OtherButton("Show my name while locked") { portal.rememberMe(true) }
                OtherButton("Do not show my name") { portal.rememberMe(false) }
                Divider()
                Heading("What happened lately, for our support")
                ForEach(security.why, id: \.self) { line in Remark(verbatim: line) }
            }
        }
        .navigationTitle("Security")
    }

    @ViewBuilder private func kept(_ kept: Kept) -> some View {
        switch kept {
        case .not: Text("Your account is not kept on this device.")
        case .onDevice: Text("Your account is kept on this device. It opens without face or fingerprint.")
        case .behindGate: Text("Your account is locked on this device. Only you can open it.")
        }
    }

    private func gate(_ isOn: Bool) -> Binding<Bool> { Binding(get: { isOn }, set: { portal.setGate($0) }) }
}
