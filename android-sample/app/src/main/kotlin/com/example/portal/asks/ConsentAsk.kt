package com.example.portal.asks

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.selectableGroup
import androidx.compose.material3.Card
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import com.example.portal.R
import com.example.portal.screens.Choice
import com.example.portal.screens.OtherButton
import com.example.portal.screens.Remark
import com.pforte.ffi.Answer
import com.pforte.ffi.AskKind
import com.pforte.ffi.ConsentChoice
import com.pforte.ffi.ConsentQuestion

/** Each purpose by itself. Nothing is chosen beforehand, and to refuse looks like to agree. */
@Composable
internal fun ColumnScope.Consent(
    kind: AskKind.Consent,
    input: PersonsInput,
    give: (Answer) -> Unit,
) {
    var chosen by rememberSaveable { mutableStateOf(mapOf<String, Boolean>()) }
    var warned by rememberSaveable { mutableStateOf(false) }
    val several = kind.questions.size > 1
    val all = { granted: Boolean, control: String ->
        give(Answer.Consent(kind.questions.map { ConsentChoice(it.purpose, granted) }, input.act(SURFACE, control)))
    }
    kind.questions.forEach { question ->
        Question(question) {
            if (several) Choices(question.purpose, chosen[question.purpose]) { chosen = chosen + (question.purpose to it) }
        }
    }
    if (several) {
        OtherButton(stringResource(R.string.save_choice)) {
            warned = kind.questions.any { it.purpose !in chosen }
            if (!warned) {
                val choices = kind.questions.map { ConsentChoice(it.purpose, chosen.getValue(it.purpose)) }
                give(Answer.Consent(choices, input.act(SURFACE, "save")))
            }
        }
        if (warned) Warning(stringResource(R.string.choose_each))
    }
    OtherButton(stringResource(if (several) R.string.refuse_all else R.string.refuse)) { all(false, "refuse-all") }
    OtherButton(stringResource(if (several) R.string.agree_all else R.string.agree)) { all(true, "agree-all") }
}

@Composable
private fun Question(
    question: ConsentQuestion,
    choices: @Composable () -> Unit,
) {
    Card(Modifier.fillMaxWidth()) {
        Column(Modifier.padding(16.dp), Arrangement.spacedBy(8.dp)) {
            Text(question.title, Modifier.semantics { heading() }, style = MaterialTheme.typography.titleMedium)
            Text(question.text)
            question.recipient?.let { Remark(stringResource(R.string.receives, it)) }
            if (question.fields.isNotEmpty()) Remark(stringResource(R.string.concerns, question.fields.joinToString()))
            question.requiredBecause?.let { Remark(it) }
            choices()
        }
    }
}

@Composable
private fun Choices(
    purpose: String,
    chosen: Boolean?,
    onChoose: (Boolean) -> Unit,
) {
    Column(Modifier.selectableGroup()) {
        Choice(stringResource(R.string.refuse), chosen == false, Modifier.testTag("refuse:$purpose")) { onChoose(false) }
        Choice(stringResource(R.string.agree), chosen == true, Modifier.testTag("agree:$purpose")) { onChoose(true) }
    }
}

/** What is missing; read aloud at once. */
@Composable
internal fun Warning(text: String) {
    Text(
        text,
        Modifier.semantics { liveRegion = LiveRegionMode.Assertive },
        color = MaterialTheme.colorScheme.error,
        style = MaterialTheme.typography.bodyLarge,
    )
}
