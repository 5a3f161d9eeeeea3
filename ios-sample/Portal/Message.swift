import PforteApple
import SwiftUI

/// Something to tell the person.
struct Message: Equatable {
    let text: String

    /// In the app's words.
    init(_ words: String.LocalizationValue) { text = String(localized: words) }

    /// In the policy's words, which are in the person's language already.
    init(verbatim text: String) { self.text = text }

    /// What to tell about an error; nothing where they know already. An error's `hint` is for the app's developers.
    init?(of error: any Error) {
        switch error {
        case PforteError.cancelled, PforteError.notCleared(.abandoned): return nil
        case PforteError.notCleared(.stopped(let reason)): self.init(verbatim: reason)
        case PforteError.signInAgain: self.init("Please sign in again.")
        case PforteError.locked: self.init("Please unlock first.")
        case PforteError.unavailable: self.init("That is not possible now. Please try again later.")
        case PforteError.fixConfiguration, PforteError.stepUpNeeded:
            self.init("That does not work in this version. Please update the app.")
        default: self.init("That did not work. Please try again.")
        }
    }
}
