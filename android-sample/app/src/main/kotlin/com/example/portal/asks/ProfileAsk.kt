package com.example.portal.asks

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.selection.selectableGroup
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalConfiguration
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.input.KeyboardType
import com.example.portal.R
import com.example.portal.screens.Choice
import com.example.portal.screens.MainButton
import com.example.portal.screens.OtherButton
import com.pforte.ffi.Answer
import com.pforte.ffi.AskKind
import com.pforte.ffi.FieldKind
import com.pforte.ffi.FieldQuestion
import com.pforte.ffi.FieldValue
import java.util.Locale

/** Details about the person. What they typed is still there after a turn of the phone. */
@Composable
internal fun ColumnScope.Profile(
    kind: AskKind.Profile,
    give: (Answer) -> Unit,
) {
    var filled by rememberSaveable { mutableStateOf(mapOf<String, String>()) }
    var missing by rememberSaveable { mutableStateOf<String?>(null) }
    kind.fields.forEach { field ->
        Field(field, filled[field.name].orEmpty()) { filled = filled + (field.name to it) }
    }
    missing?.let { Warning(stringResource(R.string.fill_in, it)) }
    MainButton(stringResource(R.string.go_on)) {
        val values = kind.fields.map { FieldValue(it.name, filled[it.name].orEmpty().trim()) }
        missing = kind.fields.zip(values).firstOrNull { it.second.value.isEmpty() }?.first?.label
        if (missing == null) give(Answer.Profile(values))
    }
    OtherButton(stringResource(R.string.cancel)) { give(Answer.Dismissed) }
}

@Composable
private fun Field(
    field: FieldQuestion,
    value: String,
    onChange: (String) -> Unit,
) = when (field.kind) {
    FieldKind.TEXT -> Line(field.label, value, KeyboardType.Text, onChange)
    FieldKind.EMAIL -> Line(field.label, value, KeyboardType.Email, onChange)
    FieldKind.OVER_AGE -> OverAge(field.label, value, onChange)
    FieldKind.COUNTRY -> Country(field.label, value, onChange)
}

@Composable
private fun Line(
    label: String,
    value: String,
    keyboard: KeyboardType,
    onChange: (String) -> Unit,
) {
    OutlinedTextField(
        value,
        onChange,
        Modifier.fillMaxWidth(),
        label = { Text(label) },
        singleLine = true,
        keyboardOptions = KeyboardOptions(keyboardType = keyboard),
    )
}

/** Only whether the person is old enough is asked, and kept. */
@Composable
private fun OverAge(
    label: String,
    value: String,
    onChange: (String) -> Unit,
) {
    Column(Modifier.selectableGroup()) {
        Text(label)
        Choice(stringResource(R.string.no), value == "under") { onChange("under") }
        Choice(stringResource(R.string.yes), value == "over") { onChange("over") }
    }
}

/** A country by its name in the person's language; kept as its code (ISO 3166). */
@Composable
private fun Country(
    label: String,
    value: String,
    onChange: (String) -> Unit,
) {
    val locale = LocalConfiguration.current.locales[0]
    val countries =
        remember(locale) { Locale.getISOCountries().map { it to Locale.Builder().setRegion(it).build().getDisplayCountry(locale) } }
    var typed by rememberSaveable { mutableStateOf(countries.firstOrNull { it.first == value }?.second.orEmpty()) }
    Line(label, typed, KeyboardType.Text) {
        typed = it
        onChange(countries.firstOrNull { country -> country.second.equals(it.trim(), ignoreCase = true) }?.first.orEmpty())
    }
    if (value.isEmpty() && typed.length > 1) {
        countries.filter { it.second.startsWith(typed.trim(), ignoreCase = true) }.take(SUGGESTIONS).forEach { (code, name) ->
            TextButton({
                typed = name
                onChange(code)
            }) { Text(name) }
        }
    }
}

private const val SUGGESTIONS = 4
