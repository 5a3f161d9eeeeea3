package com.pforte.android

import android.app.Activity
import android.text.InputType
import android.util.TypedValue
import android.view.View
import android.widget.ArrayAdapter
import android.widget.Button
import android.widget.EditText
import android.widget.RadioButton
import android.widget.RadioGroup
import android.widget.Spinner
import android.widget.TextView
import com.pforte.ffi.Answer
import com.pforte.ffi.Ask
import com.pforte.ffi.AskKind
import com.pforte.ffi.ConsentChoice
import com.pforte.ffi.ConsentQuestion
import com.pforte.ffi.FieldKind
import com.pforte.ffi.FieldQuestion
import com.pforte.ffi.FieldValue
import java.util.Locale

/**
 * The content of one ask: headline, why, what is asked, and buttons. From top to bottom in the order in which it is read aloud.
 *
 * To refuse is a button like the one to agree: the same kind, the same size, and before it. Nothing is chosen beforehand. Texts
 * are the ask's own; sizes follow the person's font size.
 */
internal class AskForm(
    private val activity: Activity,
    private val ask: Ask,
    private val input: PersonsInput,
    private val give: (Answer) -> Unit,
) {
    private val words = AskWords.of(ask.locale)
    private val parts = mutableListOf<View>()
    private val warning = text("", BODY).apply { visibility = View.GONE }

    /** The whole form. */
    fun build(): View {
        parts += text(ask.title, HEADLINE).apply { isAccessibilityHeading = true }
        parts += text(ask.text, BODY)
        when (val kind = ask.kind) {
            is AskKind.Inform -> inform(kind)
            is AskKind.Consent -> consent(kind)
            is AskKind.Profile -> profile(kind)
            is AskKind.SignIn -> signIn(kind)
            is AskKind.Unlock -> unlock(kind)
            is AskKind.StepUp -> proceed(words.goOn, words.notNow, Answer.Dismissed)
            is AskKind.EnrolBiometrics, is AskKind.EnrolPasskey -> proceed(words.turnOn, words.notNow, Answer.Skipped)
        }
        warning.accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_ASSERTIVE
        parts += warning
        return column(activity, parts)
    }

    private fun inform(kind: AskKind.Inform) {
        kind.notices.forEach { notice ->
            parts += text(notice.title, TITLE).apply { isAccessibilityHeading = true }
            parts += text(notice.text, BODY)
        }
        button(words.close, "close") { give(Answer.Dismissed) }
        button(words.goOn, "continue") { seen -> give(Answer.Acknowledged(act("continue", seen))) }
    }

    private fun unlock(kind: AskKind.Unlock) {
        kind.loginHint?.let { parts += text(it, TITLE) }
        proceed(words.unlock, words.notNow, Answer.Dismissed)
    }

    private fun signIn(kind: AskKind.SignIn) {
        kind.routes.forEach { route -> button(route.label, "route:${route.id}") { give(Answer.Proceed(route.id)) } }
        button(words.notNow, "not-now") { give(Answer.Dismissed) }
    }

    private fun proceed(
        yes: String,
        no: String,
        declined: Answer,
    ) {
        button(no, "not-now") { give(declined) }
        button(yes, "proceed") { give(Answer.Proceed(null)) }
    }

    private fun consent(kind: AskKind.Consent) {
        val groups = kind.questions.mapIndexed { index, question -> question to choice(question, index) }
        val all = { granted: Boolean -> kind.questions.map { ConsentChoice(it.purpose, granted) } }
        button(words.refuseAll, "refuse-all") { seen -> give(Answer.Consent(all(false), act("refuse-all", seen))) }
        button(words.agreeAll, "agree-all") { seen -> give(Answer.Consent(all(true), act("agree-all", seen))) }
        if (groups.size < 2) return
        button(words.save, "save") { seen ->
            val open = groups.firstOrNull { (_, group) -> group.checkedRadioButtonId == View.NO_ID }
            if (open != null) {
                warn(words.choose, open.second)
                return@button
            }
            val choices =
                groups.map { (question, group) ->
                    ConsentChoice(question.purpose, granted = group.checkedRadioButtonId == group.getChildAt(1).id)
                }
            give(Answer.Consent(choices, act("save", seen)))
        }
    }

    /** Two buttons of which none is pressed. A question that stands alone is answered by the buttons below. */
    private fun choice(
        question: ConsentQuestion,
        index: Int,
    ): RadioGroup {
        parts += text(question.title, TITLE).apply { isAccessibilityHeading = true }
        parts += text(question.text, BODY)
        question.recipient?.let { parts += text(words.receives.format(it), SMALL) }
        if (question.fields.isNotEmpty()) parts += text(words.concerns.format(question.fields.joinToString()), SMALL)
        question.requiredBecause?.let { parts += text(words.required.format(it), SMALL) }
        val alone = (ask.kind as? AskKind.Consent)?.questions?.size == 1
        return radios(FIRST_ID + IDS_EACH * index, listOf(words.refuse, words.agree), question.title).apply {
            tag = "choice:${question.purpose}"
            if (!alone) parts += this
        }
    }

    private fun profile(kind: AskKind.Profile) {
        val answers = kind.fields.mapIndexed { index, question -> question to field(question, FIRST_ID + IDS_EACH * index) }
        button(words.close, "close") { give(Answer.Dismissed) }
        button(words.goOn, "continue") {
            val values = answers.map { (question, answer) -> FieldValue(question.name, answer.second()) }
            val missing = values.indexOfFirst { it.value.isBlank() }
            if (missing >= 0) {
                warn("${words.fillIn}: ${kind.fields[missing].label}", answers[missing].second.first)
            } else {
                give(Answer.Profile(values))
            }
        }
    }

    /** The control, and what it says now: empty where the person has not filled it in. */
    private fun field(
        question: FieldQuestion,
        id: Int,
    ): Pair<View, () -> String> {
        val label = text(question.label, TITLE).apply { labelFor = id }
        parts += label
        val (control, value) =
            when (question.kind) {
                FieldKind.TEXT -> line(id, InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_VARIATION_PERSON_NAME)
                FieldKind.EMAIL -> line(id, InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_VARIATION_EMAIL_ADDRESS)
                FieldKind.OVER_AGE -> overAge(id, question.label)
                FieldKind.COUNTRY -> country(id, question.label)
            }
        control.tag = "field:${question.name}"
        parts += control
        return control to value
    }

    private fun line(
        id: Int,
        type: Int,
    ): Pair<View, () -> String> {
        val line =
            EditText(activity).apply {
                this.id = id
                inputType = type
            }
        return line to { line.text.toString().trim() }
    }

    private fun overAge(
        id: Int,
        label: String,
    ): Pair<View, () -> String> {
        val group = radios(id, listOf(words.no, words.yes), label)
        val value = {
            when (group.checkedRadioButtonId) {
                group.getChildAt(0).id -> "under"
                group.getChildAt(1).id -> "over"
                else -> ""
            }
        }
        return group to value
    }

    private fun country(
        id: Int,
        label: String,
    ): Pair<View, () -> String> {
        val language = Locale.forLanguageTag(ask.locale)
        val countries =
            Locale
                .getISOCountries()
                .map { code ->
                    val country = Locale.Builder().setRegion(code).build()
                    code to country.getDisplayCountry(language)
                }.sortedBy { it.second }
        val shown = listOf("") + countries.map { it.second }
        val spinner =
            Spinner(activity).apply {
                this.id = id
                contentDescription = label
                adapter = ArrayAdapter(activity, android.R.layout.simple_spinner_dropdown_item, shown)
            }
        return spinner to { countries.getOrNull(spinner.selectedItemPosition - 1)?.first.orEmpty() }
    }

    private fun radios(
        id: Int,
        labels: List<String>,
        what: String,
    ) = RadioGroup(activity).apply {
        this.id = id
        contentDescription = what
        labels.forEachIndexed { index, label ->
            addView(
                RadioButton(activity).apply {
                    this.id = id + 1 + index
                    text = label
                    minHeight = touchable()
                },
            )
        }
    }

    /** A button that says whether it was the person who pressed it. Nothing happens while another window covers it. */
    private fun button(
        label: String,
        control: String,
        pressed: (genuine: Boolean) -> Unit,
    ) {
        parts +=
            input.watch(Button(activity)).apply {
                text = label
                isAllCaps = false
                tag = control
                minHeight = touchable()
                setOnClickListener {
                    when (input.take()) {
                        PersonsInput.Seen.COVERED -> warn(words.covered, this)
                        PersonsInput.Seen.PERSON -> pressed(true)
                        PersonsInput.Seen.NOTHING -> pressed(false)
                    }
                }
            }
    }

    private fun warn(
        message: String,
        at: View,
    ) {
        warning.text = message
        warning.visibility = View.VISIBLE
        at.requestFocus()
    }

    private fun text(
        content: String,
        size: Float,
    ) = TextView(activity).apply {
        text = content
        // Scaled by the person's font size.
        setTextSize(TypedValue.COMPLEX_UNIT_SP, size)
        setTextIsSelectable(false)
    }

    private fun touchable() = (TOUCHABLE_DP * activity.resources.displayMetrics.density).toInt()

    private companion object {
        const val HEADLINE = 26f
        const val TITLE = 18f
        const val BODY = 16f
        const val SMALL = 14f

        /** The least height that a finger meets. */
        const val TOUCHABLE_DP = 48

        /** Fixed, so that what was filled in is found again after a rotation. */
        const val FIRST_ID = 1000
        const val IDS_EACH = 10
    }
}
