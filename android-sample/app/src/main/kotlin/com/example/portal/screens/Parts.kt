package com.example.portal.screens

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.selection.selectable
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.RadioButton
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.material3.TopAppBar
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clipToBounds
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Brush
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.dp
import com.example.portal.Hotel
import com.example.portal.R

/** A screen with a title and a way back. Its content scrolls, so that large fonts never hide anything. */
@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun TitledScreen(
    title: String,
    onBack: (() -> Unit)?,
    actions: @Composable () -> Unit = {},
    content: @Composable ColumnScope.() -> Unit,
) {
    Scaffold(
        topBar = {
            TopAppBar(
                title = { Text(title, Modifier.semantics { heading() }, maxLines = 1, overflow = TextOverflow.Ellipsis) },
                navigationIcon = { onBack?.let { BackButton(it) } },
                actions = { actions() },
            )
        },
    ) { inset -> Scrolling(Modifier.padding(inset), content = content) }
}

@Composable
private fun BackButton(onBack: () -> Unit) {
    IconButton(onBack) { Icon(painterResource(R.drawable.back), stringResource(R.string.back)) }
}

/** One column, as wide as is good to read. */
@Composable
fun Scrolling(
    modifier: Modifier = Modifier,
    between: Arrangement.Vertical = Arrangement.spacedBy(16.dp),
    content: @Composable ColumnScope.() -> Unit,
) {
    Box(modifier.fillMaxSize(), contentAlignment = Alignment.TopCenter) {
        Column(
            Modifier.fillMaxSize().widthIn(max = 640.dp).verticalScroll(rememberScrollState()).padding(24.dp, 16.dp),
            between,
            content = content,
        )
    }
}

/** The heading of a part of a screen. */
@Composable
fun Heading(text: String) {
    Text(text, Modifier.semantics { heading() }, style = MaterialTheme.typography.titleLarge)
}

/** What is less important. */
@Composable
fun Remark(text: String) {
    Text(text, color = MaterialTheme.colorScheme.onSurfaceVariant, style = MaterialTheme.typography.bodyMedium)
}

/** The one thing a screen is for. */
@Composable
fun MainButton(
    label: String,
    enabled: Boolean = true,
    onClick: () -> Unit,
) {
    Button(onClick, Modifier.fillMaxWidth().heightIn(min = 52.dp), enabled) { Text(label, textAlign = TextAlign.Center) }
}

/** Everything else. Where a question has two answers, both are such buttons: to refuse is as prominent as to agree. */
@Composable
fun OtherButton(
    label: String,
    modifier: Modifier = Modifier,
    onClick: () -> Unit,
) {
    OutlinedButton(onClick, modifier.fillMaxWidth().heightIn(min = 52.dp)) { Text(label, textAlign = TextAlign.Center) }
}

/** One of several answers. */
@Composable
fun Choice(
    label: String,
    chosen: Boolean,
    modifier: Modifier = Modifier,
    onChoose: () -> Unit,
) {
    Row(
        modifier.fillMaxWidth().heightIn(min = 48.dp).selectable(chosen, role = Role.RadioButton, onClick = onChoose),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        RadioButton(chosen, onClick = null)
        Text(label, Modifier.padding(start = 12.dp))
    }
}

/** A drawing in the place of a photograph: a sky, a hill, a house. Says nothing, so it is not read aloud. */
@Composable
fun HotelPicture(
    hotel: Hotel,
    modifier: Modifier = Modifier,
) {
    val tint = SKIES[hotel.id.hashCode().mod(SKIES.size)]
    Canvas(modifier.clipToBounds().background(Brush.verticalGradient(listOf(tint, Color(0xFFFFE9CF))))) {
        drawCircle(Color(0xFFFFF6DA), size.height * 0.14f, Offset(size.width * 0.8f, size.height * 0.28f))
        drawOval(Color(0xFF5B8C6B), Offset(-size.width * 0.2f, size.height * 0.62f), Size(size.width * 0.9f, size.height))
        drawOval(Color(0xFF44755A), Offset(size.width * 0.35f, size.height * 0.7f), Size(size.width, size.height))
        val wide = size.height * 0.5f
        val house = Offset(size.width * 0.3f, size.height * 0.42f)
        drawRect(Color(0xFFF7F1E6), house, Size(wide, size.height * 0.4f))
        drawRect(Color(0xFFA5492F), house - Offset(wide * 0.06f, size.height * 0.06f), Size(wide * 1.12f, size.height * 0.07f))
        for (row in 0..1) {
            for (column in 0..2) {
                val at = house + Offset(wide * (0.12f + 0.28f * column), size.height * (0.07f + 0.15f * row))
                drawRect(Color(0xFF35525B), at, Size(wide * 0.16f, size.height * 0.09f))
            }
        }
    }
}

private val SKIES = listOf(Color(0xFF7FB7D6), Color(0xFF8FA8DC), Color(0xFF79C2C0))
