import Pforte

#if !canImport(UIKit)
    import AppKit
#endif

extension Act {
    /// Evidence of what was operated on a ready-made ask.
    @MainActor
    static func pressed(_ control: String) -> Act { Act(surface: "sheet", control: control, genuine: PersonsInput.wasSeen) }
}

/// Whether it was the person who operated a control.
@MainActor
enum PersonsInput {
    /// On iOS no other app can press a button here or draw over it, and SwiftUI calls a button's action for a touch, a key or
    /// VoiceOver alone. On a Mac a script can press one: there an event of mouse or keyboard must be the one in hand, or VoiceOver
    /// be on.
    static var wasSeen: Bool {
        #if canImport(UIKit)
            return true
        #else
            if NSWorkspace.shared.isVoiceOverEnabled { return true }
            switch NSApplication.shared.currentEvent?.type {
            case .leftMouseUp, .leftMouseDown, .keyDown, .keyUp: return true
            default: return false
            }
        #endif
    }
}
