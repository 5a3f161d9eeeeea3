import Foundation
import Pforte
import SwiftUI

#if canImport(UIKit)
    import UIKit
#else
    import AppKit
#endif

/// The ready-made asks: one plain, system-styled sheet over the window in front, as `AskView` draws it.
///
/// Closing it gives up on the touchpoint; leaving the app and coming back, or turning the device, does not end it. There is no
/// time limit. The answer comes once the sheet is off the screen, so that the next one can be shown.
public final class ApplePresenter: Presenter, Sendable {
    public init() {}

    public func present(ask: Ask) async throws -> Answer {
        try await withTaskCancellationHandler {
            try await AskDesk.show(ask)
        } onCancel: {
            AskDesk.withdraw()
        }
    }

    public func withdrawAsk() throws { AskDesk.withdraw() }
}

/// The one ask that is on the screen.
@MainActor
enum AskDesk {
    private static var open: ShownAsk?

    static func show(_ ask: Ask) async throws -> Answer {
        await open?.end(.failure(.Interrupted))
        // Cancelled before there was an ask to take away.
        guard !Task.isCancelled else { throw PresenterError.Interrupted }
        guard let top = Front.topmost else { throw PresenterError.NoWindow }
        let shown = ShownAsk()
        open = shown
        defer { if open === shown { open = nil } }
        return try await shown.answer(to: ask, over: top)
    }

    nonisolated static func withdraw() {
        Task { @MainActor in await open?.end(.failure(.Interrupted)) }
    }
}

#if canImport(UIKit)
    /// An ask while it is on the screen.
    @MainActor
    final class ShownAsk {
        private var waiting: CheckedContinuation<Answer, any Error>?
        private weak var controller: UIViewController?

        func answer(to ask: Ask, over top: UIViewController) async throws -> Answer {
            try await withCheckedThrowingContinuation { waiting in
                self.waiting = waiting
                let controller = AskController(
                    rootView: AskView(ask) { answer in
                        Task { await self.end(.success(answer)) }
                    })
                // A swipe is no answer; every ask has a button to leave it.
                controller.isModalInPresentation = true
                controller.gone = { [weak self] in Task { await self?.end(.failure(.Interrupted)) } }
                self.controller = controller
                top.present(controller, animated: true)
            }
        }

        /// Takes the ask off the screen, and then gives its end; a second end changes nothing.
        func end(_ outcome: Result<Answer, PresenterError>) async {
            guard let waiting else { return }
            self.waiting = nil
            if let presenting = controller?.presentingViewController {
                await withCheckedContinuation { dismissed in
                    presenting.dismiss(animated: true) { dismissed.resume() }
                }
            }
            waiting.resume(with: outcome)
        }
    }

    /// Says when it went away without an answer, as with its window.
    private final class AskController: UIHostingController<AskView> {
        var gone: (@MainActor () -> Void)?

        override func viewDidDisappear(_ animated: Bool) {
            super.viewDidDisappear(animated)
            // Covered by another screen it is still presented.
            if isBeingDismissed || presentingViewController == nil { gone?() }
        }
    }
#else
    /// An ask while it is on the screen.
    @MainActor
    final class ShownAsk {
        private var waiting: CheckedContinuation<Answer, any Error>?
        private weak var controller: NSViewController?

        func answer(to ask: Ask, over top: NSViewController) async throws -> Answer {
            try await withCheckedThrowingContinuation { waiting in
                self.waiting = waiting
                let controller = NSHostingController(
                    rootView: AskView(ask) { answer in
                        Task { await self.end(.success(answer)) }
                    })
                self.controller = controller
                top.presentAsSheet(controller)
            }
        }

        /// Takes the ask off the screen, and then gives its end; a second end changes nothing.
        func end(_ outcome: Result<Answer, PresenterError>) async {
            guard let waiting else { return }
            self.waiting = nil
            if let controller { controller.presentingViewController?.dismiss(controller) }
            waiting.resume(with: outcome)
        }
    }
#endif
