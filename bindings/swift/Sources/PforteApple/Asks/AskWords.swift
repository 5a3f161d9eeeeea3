/// The words of the ready-made asks that are not the policy's: labels of buttons. English and German.
struct AskWords: Sendable, Equatable {
    let goOn, notNow, close, unlock, yes, no, agree, refuse, agreeAll, refuseAll, save: String
    let receives, concerns, required, fillIn, choose, turnOn, pleaseChoose: String

    /// The words in the ask's own language; English where that is not there.
    static func of(_ locale: String) -> AskWords {
        let language = locale.prefix { $0 != "-" && $0 != "_" }
        return language.lowercased() == "de" ? german : english
    }

    static let english = AskWords(
        goOn: "Continue",
        notNow: "Not now",
        close: "Cancel",
        unlock: "Unlock",
        yes: "Yes",
        no: "No",
        agree: "Agree",
        refuse: "Refuse",
        agreeAll: "Agree to all",
        refuseAll: "Refuse all",
        save: "Save my choice",
        receives: "Who receives it:",
        concerns: "What it concerns:",
        required: "Needed here:",
        fillIn: "Please fill this in:",
        choose: "Please choose: agree or refuse",
        turnOn: "Turn on",
        pleaseChoose: "Please choose"
    )

    static let german = AskWords(
        goOn: "Weiter",
        notNow: "Jetzt nicht",
        close: "Abbrechen",
        unlock: "Entsperren",
        yes: "Ja",
        no: "Nein",
        agree: "Zustimmen",
        refuse: "Ablehnen",
        agreeAll: "Allem zustimmen",
        refuseAll: "Alles ablehnen",
        save: "Auswahl speichern",
        receives: "Wer es bekommt:",
        concerns: "Worum es geht:",
        required: "Hier nötig:",
        fillIn: "Bitte ausfüllen:",
        choose: "Bitte wählen: zustimmen oder ablehnen",
        turnOn: "Einschalten",
        pleaseChoose: "Bitte wählen"
    )
}
