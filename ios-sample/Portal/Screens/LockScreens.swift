import PforteApple
import SwiftUI

/// Somebody is signed in, and it is locked. Shows nothing of theirs, unless they chose to be remembered.
struct LockScreen: View {
    let loginHint: String?
    let portal: Portal

    var body: some View {
        Scrolling {
            Text("Locked").font(.title).bold().accessibilityAddTraits(.isHeader)
            if let loginHint { Text(verbatim: loginHint).font(.headline) }
            Text("Your account is on this device, and only you can open it.")
            MainButton("Unlock", action: portal.unlock)
            OtherButton("Sign out", action: portal.signOut)
        }
    }
}

/// Somebody is signed in, and it can't be opened: either for now, or until they sign in again.
struct UnavailableScreen: View {
    let cause: UnavailableCause
    let why: String
    let portal: Portal

    var body: some View {
        Scrolling {
            switch cause {
            case .notNow:
                Text("Please try later").font(.title).bold().accessibilityAddTraits(.isHeader)
                Text("Your account can’t be opened at the moment. You are not signed out.")
                Remark(verbatim: why)
            case .keyLost:
                signInAgain(
                    "The faces or fingers on this device have changed, so your account stays closed here. Your choices are still there."
                )
            case .unreadable:
                signInAgain("What this device kept of your account can’t be read. Your choices are still there.")
            }
        }
    }

    @ViewBuilder private func signInAgain(_ because: LocalizedStringKey) -> some View {
        Text("Please sign in once more").font(.title).bold().accessibilityAddTraits(.isHeader)
        Text(because)
        MainButton("Sign in", action: portal.signIn)
    }
}
