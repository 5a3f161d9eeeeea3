import PforteApple
import SwiftUI

/// Something to tell the person.
enum Message: Equatable {
    /// In the app's words.
    case words(LocalizedStringKey)
    /// In the policy's words, which are in the person's language already.
    case text(String)

    /// What to tell about an error; nothing where they know already. An error's `hint` is for the app's developers.
    init?(of error: any Error) {
        switch error {
        case PforteError.cancelled: return nil
        case PforteError.signInAgain: self = .words("Please sign in again.")
        case PforteError.locked: self = .words("Please unlock first.")
        case PforteError.unavailable: self = .words("That is not possible now. Please try again later.")
        case PforteError.fixConfiguration, PforteError.stepUpNeeded:
            self = .words("That does not work in this version. Please update the app.")
        default: self = .words("That did not work. Please try again.")
        }
    }
}
