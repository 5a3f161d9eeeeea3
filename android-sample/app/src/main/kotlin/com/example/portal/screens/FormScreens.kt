package com.example.portal.screens

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.selection.selectableGroup
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableIntStateOf
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import com.example.portal.Hotel
import com.example.portal.Portal
import com.example.portal.R

/** Writing a review. */
@Composable
fun ReviewScreen(
    hotel: Hotel,
    portal: Portal,
) {
    var text by rememberSaveable { mutableStateOf("") }
    var stars by rememberSaveable { mutableIntStateOf(5) }
    TitledScreen(stringResource(R.string.write_review), portal.trail::back) {
        Heading(hotel.name)
        Column(Modifier.selectableGroup()) {
            for (number in 5 downTo 1) {
                Choice(pluralStringResource(R.plurals.stars, number, number), stars == number) { stars = number }
            }
        }
        OutlinedTextField(
            text,
            { text = it },
            Modifier.fillMaxWidth().heightIn(min = 120.dp),
            label = { Text(stringResource(R.string.your_review)) },
        )
        MainButton(stringResource(R.string.publish), enabled = text.isNotBlank()) { portal.publish(text.trim(), stars) }
    }
}

/** Booking, and paying: what the server wants to be sure of is asked when it is needed. */
@Composable
fun BookingScreen(
    hotel: Hotel,
    portal: Portal,
) {
    var nights by rememberSaveable { mutableIntStateOf(2) }
    TitledScreen(stringResource(R.string.book), portal.trail::back) {
        HotelPicture(hotel, Modifier.fillMaxWidth().heightIn(min = 120.dp))
        Heading(hotel.name)
        Column(Modifier.selectableGroup()) {
            for (number in NIGHTS) {
                Choice(pluralStringResource(R.plurals.nights, number, number), nights == number) { nights = number }
            }
        }
        Text(stringResource(R.string.total, nights * hotel.pricePerNight), style = MaterialTheme.typography.titleLarge)
        MainButton(stringResource(R.string.pay)) { portal.book(nights) }
    }
}

private val NIGHTS = listOf(1, 2, 3, 7)
