import PforteApple
import SwiftUI

/// Who knows me: every purpose, with the text the person saw, and the way back. It asks the policy for no entry: seeing and
/// withdrawing are open to everybody, at any time.
struct PrivacyScreen: View {
    @ObservedObject var portal: Portal
    @State private var isErasing = false

    var body: some View {
        Scrolling {
            ForEach(portal.purposes, id: \.purpose) { purpose in
                PurposeCard(purpose: purpose, portal: portal)
            }
            Divider()
            OtherButton("Get a copy", action: portal.export)
            if let copy = portal.copy { ShareLink(item: copy) { Text("Share or keep the copy") } }
            OtherButton("Erase my choices") { isErasing = true }
        }
        .navigationTitle("Who knows me")
        .alert("Erase my choices", isPresented: $isErasing) {
            Button("Erase", role: .destructive, action: portal.erase)
            Button("Cancel", role: .cancel) {}
        } message: {
            Text(
                "Everything you agreed to ends, and the evidence about it is destroyed on this device. This can’t be undone.")
        }
    }
}

private struct PurposeCard: View {
    let purpose: PurposeView
    let portal: Portal

    var body: some View {
        Card {
            Heading(verbatim: purpose.title)
            state
            Text(verbatim: purpose.text)
            if let recipient = purpose.recipient { Remark("Who receives it: \(recipient)") }
            Remark("What it concerns: \(purpose.fields.joined(separator: ", "))")
            if isOn, let howToRevoke = purpose.howToRevoke {
                Remark(verbatim: howToRevoke)
                if isConsent {
                    OtherButton("Withdraw") { portal.withdraw(purpose) }.accessibilityIdentifier("withdraw:\(purpose.purpose)")
                } else {
                    OtherButton("Object") { portal.withdraw(purpose) }.accessibilityIdentifier("object:\(purpose.purpose)")
                }
            } else if isConsent {
                OtherButton("Agree") { portal.agree(to: purpose) }.accessibilityIdentifier("agree:\(purpose.purpose)")
            }
        }
    }

    private var isOn: Bool { purpose.status == .granted || purpose.status == .informed }
    private var isConsent: Bool { purpose.basis == "consent" }

    private var state: some View {
        HStack {
            Text(stateWords)
            if let sinceMs = purpose.sinceMs {
                Text(verbatim: Date(timeIntervalSince1970: Double(sinceMs) / 1000).formatted(date: .abbreviated, time: .omitted))
            }
        }
        .font(.subheadline)
        .foregroundStyle(Color.accentColor)
    }

    private var stateWords: LocalizedStringKey {
        switch purpose.status {
        case .unknown, .asked: "Not decided"
        case .informed: "You were told"
        case .granted: "You agreed"
        case .denied: "You refused"
        case .withdrawn: "You withdrew it"
        case .objected: "You objected"
        case .expired: "Run out"
        }
    }
}
