import PforteApple
import SwiftUI

/// Pforte's questions, for this app's own screens: Pforte hands one over and waits, `AskScreen` shows it and answers.
///
/// It knows no window. In a new process Pforte asks what was open anew.
@MainActor
final class PortalPresenter: ObservableObject, Presenter {
    /// The question that waits for an answer.
    @Published var open: OpenAsk?

    nonisolated func present(ask: Ask) async throws -> Answer {
        try await withTaskCancellationHandler {
            try await show(ask)
        } onCancel: {
            withdrawAsk()
        }
    }

    nonisolated func withdrawAsk() {
        Task { @MainActor in open?.end(.failure(.Interrupted)) }
    }

    private func show(_ ask: Ask) async throws -> Answer {
        open?.end(.failure(.Interrupted))
        // Cancelled before there was an ask to take away.
        guard !Task.isCancelled else { throw PresenterError.Interrupted }
        return try await withCheckedThrowingContinuation { waiting in
            open = OpenAsk(ask) { asked, outcome in
                if self.open?.id == asked.id { self.open = nil }
                waiting.resume(with: outcome)
            }
        }
    }
}

/// One question on the screen. The first answer counts.
@MainActor
final class OpenAsk: Identifiable {
    let ask: Ask
    private var ended: ((OpenAsk, Result<Answer, PresenterError>) -> Void)?

    init(_ ask: Ask, ended: @escaping (OpenAsk, Result<Answer, PresenterError>) -> Void) {
        self.ask = ask
        self.ended = ended
    }

    func give(_ answer: Answer) { end(.success(answer)) }

    func end(_ outcome: Result<Answer, PresenterError>) {
        ended?(self, outcome)
        ended = nil
    }
}

extension Act {
    /// A press of one of this app's buttons, as evidence. On iOS no other app can press one or draw over it, and SwiftUI calls a
    /// button's action for a touch, a key or VoiceOver alone.
    static func pressed(_ control: String, on surface: String = "sheet") -> Act {
        Act(surface: surface, control: control, genuine: true)
    }
}
