import PforteApple
import SwiftUI

/// Each purpose by itself. Nothing is chosen beforehand, and to refuse looks like to agree.
struct ConsentAsk: View {
    let questions: [ConsentQuestion]
    let give: @MainActor (Answer) -> Void
    @State private var chosen: [String: Bool] = [:]
    @State private var isWarned = false

    var body: some View {
        ForEach(questions, id: \.purpose) { question in
            Card {
                Heading(verbatim: question.title)
                Text(verbatim: question.text)
                if let recipient = question.recipient { Remark("Who receives it: \(recipient)") }
                if !question.fields.isEmpty { Remark("What it concerns: \(question.fields.joined(separator: ", "))") }
                if let reason = question.requiredBecause { Remark(verbatim: reason) }
                if isSeveral { choice(question) }
            }
        }
        if isSeveral {
            OtherButton("Save my choice", action: save)
            if isWarned { Warning("Please choose for each: agree or refuse.") }
            OtherButton("Refuse all") { all(false, "refuse-all") }
            OtherButton("Agree to all") { all(true, "agree-all") }
        } else {
            OtherButton("Refuse") { all(false, "refuse-all") }
            OtherButton("Agree") { all(true, "agree-all") }
        }
    }

    private var isSeveral: Bool { questions.count > 1 }

    private func choice(_ question: ConsentQuestion) -> some View {
        Picker(question.title, selection: answer(to: question.purpose)) {
            Text("Refuse").tag(Bool?.some(false))
            Text("Agree").tag(Bool?.some(true))
        }
        .pickerStyle(.segmented)
        .accessibilityIdentifier("choice:\(question.purpose)")
    }

    private func answer(to purpose: String) -> Binding<Bool?> {
        Binding(get: { chosen[purpose] }, set: { chosen[purpose] = $0 })
    }

    private func save() {
        isWarned = questions.contains { chosen[$0.purpose] == nil }
        guard !isWarned else { return }
        let choices = questions.map { ConsentChoice(purpose: $0.purpose, granted: chosen[$0.purpose] == true) }
        give(.consent(choices: choices, act: .pressed("save")))
    }

    private func all(_ granted: Bool, _ control: String) {
        let choices = questions.map { ConsentChoice(purpose: $0.purpose, granted: granted) }
        give(.consent(choices: choices, act: .pressed(control)))
    }
}
