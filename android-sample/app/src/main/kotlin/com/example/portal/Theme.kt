package com.example.portal

import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.darkColorScheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.ui.graphics.Color

private val light =
    lightColorScheme(
        primary = Color(0xFF14606B),
        onPrimary = Color(0xFFFFFFFF),
        primaryContainer = Color(0xFFBCEBF3),
        onPrimaryContainer = Color(0xFF00363D),
        secondary = Color(0xFF8A5022),
        secondaryContainer = Color(0xFFFFDCC4),
        onSecondaryContainer = Color(0xFF2F1400),
        background = Color(0xFFF8FAFA),
        surface = Color(0xFFF8FAFA),
        surfaceVariant = Color(0xFFDBE4E6),
        onSurfaceVariant = Color(0xFF3F484A),
        surfaceContainer = Color(0xFFECF0F1),
        surfaceContainerHighest = Color(0xFFE3E9EA),
    )

private val dark =
    darkColorScheme(
        primary = Color(0xFF8AD2DE),
        onPrimary = Color(0xFF00363D),
        primaryContainer = Color(0xFF004F58),
        onPrimaryContainer = Color(0xFFBCEBF3),
        secondary = Color(0xFFFFB780),
        secondaryContainer = Color(0xFF6B3A0C),
        onSecondaryContainer = Color(0xFFFFDCC4),
        background = Color(0xFF101415),
        surface = Color(0xFF101415),
        surfaceVariant = Color(0xFF3F484A),
        onSurfaceVariant = Color(0xFFBFC8CA),
        surfaceContainer = Color(0xFF1C2021),
        surfaceContainerHighest = Color(0xFF2A3032),
    )

/** The portal's colours, light or dark as the person set the phone. */
@Composable
fun PortalTheme(content: @Composable () -> Unit) = MaterialTheme(if (isSystemInDarkTheme()) dark else light, content = content)
