package com.pforte.android

/** The words of the ready-made asks that are not the policy's: labels of buttons. English and German. */
@Suppress("LongParameterList") // one for each word, and given by name
internal class AskWords private constructor(
    val goOn: String,
    val notNow: String,
    val close: String,
    val unlock: String,
    val yes: String,
    val no: String,
    val agree: String,
    val refuse: String,
    val agreeAll: String,
    val refuseAll: String,
    val save: String,
    val receives: String,
    val concerns: String,
    val required: String,
    val fillIn: String,
    val choose: String,
    val covered: String,
    val turnOn: String,
) {
    companion object {
        private val english =
            AskWords(
                goOn = "Continue",
                notNow = "Not now",
                close = "Cancel",
                unlock = "Unlock",
                yes = "Yes",
                no = "No",
                agree = "Agree",
                refuse = "Refuse",
                agreeAll = "Agree to all",
                refuseAll = "Refuse all",
                save = "Save my choice",
                receives = "Who receives it: %s",
                concerns = "What it concerns: %s",
                required = "Needed here: %s",
                fillIn = "Please fill this in",
                choose = "Please choose: agree or refuse",
                covered = "Another app covers this screen. Close it, then choose again.",
                turnOn = "Turn on",
            )

        private val german =
            AskWords(
                goOn = "Weiter",
                notNow = "Jetzt nicht",
                close = "Abbrechen",
                unlock = "Entsperren",
                yes = "Ja",
                no = "Nein",
                agree = "Zustimmen",
                refuse = "Ablehnen",
                agreeAll = "Allem zustimmen",
                refuseAll = "Alles ablehnen",
                save = "Auswahl speichern",
                receives = "Wer es bekommt: %s",
                concerns = "Worum es geht: %s",
                required = "Hier nötig: %s",
                fillIn = "Bitte ausfüllen",
                choose = "Bitte wählen: zustimmen oder ablehnen",
                covered = "Eine andere App verdeckt diesen Bildschirm. Schließen Sie sie und wählen Sie dann noch einmal.",
                turnOn = "Einschalten",
            )

        /** The words in the ask's own language; English where that is not there. */
        fun of(locale: String): AskWords = if (locale.substringBefore('-').equals("de", ignoreCase = true)) german else english
    }
}
