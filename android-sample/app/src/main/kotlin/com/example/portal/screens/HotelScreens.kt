package com.example.portal.screens

import android.graphics.ImageDecoder
import android.net.Uri
import androidx.compose.foundation.Image
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Card
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.produceState
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import com.example.portal.Hotel
import com.example.portal.Portal
import com.example.portal.R
import com.example.portal.Review
import com.example.portal.Screen
import com.example.portal.hotels
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.io.IOException

/** The first screen of a first visit. */
@Composable
fun WelcomeScreen(portal: Portal) {
    CentredScreen {
        HotelPicture(hotels.last(), Modifier.fillMaxWidth().height(180.dp).clip(MaterialTheme.shapes.extraLarge))
        Text(
            stringResource(R.string.welcome),
            Modifier.semantics { heading() },
            style = MaterialTheme.typography.headlineLarge,
        )
        Text(stringResource(R.string.welcome_text), style = MaterialTheme.typography.bodyLarge)
        Spacer(Modifier.height(8.dp))
        MainButton(stringResource(R.string.look_at_hotels), onClick = portal::browse)
        OtherButton(stringResource(R.string.sign_in), onClick = portal::signIn)
        TextButton(portal::showPrivacy) { Text(stringResource(R.string.who_knows_me)) }
    }
}

/** All hotels. */
@Composable
fun HotelsScreen(portal: Portal) {
    TitledScreen(
        stringResource(R.string.hotels),
        onBack = null,
        actions = { TextButton({ portal.trail.goTo(Screen.ACCOUNT) }) { Text(stringResource(R.string.account)) } },
    ) {
        hotels.forEach { hotel -> HotelCard(hotel) { portal.look(hotel) } }
    }
}

@Composable
private fun HotelCard(
    hotel: Hotel,
    onClick: () -> Unit,
) {
    Card(onClick, Modifier.fillMaxWidth()) {
        HotelPicture(hotel, Modifier.fillMaxWidth().height(120.dp))
        Column(Modifier.padding(16.dp)) {
            Text(hotel.name, style = MaterialTheme.typography.titleLarge)
            Text("${hotel.city} · ${stringResource(R.string.per_night, hotel.pricePerNight)}")
        }
    }
}

/** One hotel: what it is, what people say, and what can be done. */
@Composable
fun HotelScreen(
    hotel: Hotel,
    portal: Portal,
) {
    val reviews by portal.reviews.collectAsStateWithLifecycle()
    val pictures by portal.pictures.collectAsStateWithLifecycle()
    TitledScreen(hotel.name, portal.trail::back) {
        HotelPicture(hotel, Modifier.fillMaxWidth().height(180.dp).clip(MaterialTheme.shapes.extraLarge))
        Column {
            Text(hotel.city, style = MaterialTheme.typography.titleMedium)
            Remark(stringResource(R.string.per_night, hotel.pricePerNight))
        }
        Text(stringResource(hotel.about))
        MainButton(stringResource(R.string.book), onClick = portal::startBooking)
        OtherButton(stringResource(R.string.write_review), onClick = portal::writeReview)
        OtherButton(stringResource(R.string.add_picture), onClick = portal::addPicture)
        OtherButton(stringResource(R.string.read_reviews), onClick = portal::readReviews)
        pictures[hotel.id].orEmpty().forEach { AddedPicture(it) }
        reviews?.let { Reviews(it) }
    }
}

@Composable
private fun Reviews(reviews: List<Review>) {
    Column(verticalArrangement = Arrangement.spacedBy(12.dp)) {
        Heading(stringResource(R.string.reviews))
        if (reviews.isEmpty()) Remark(stringResource(R.string.no_reviews))
        reviews.forEach { review ->
            Column {
                Text(
                    pluralStringResource(R.plurals.stars, review.stars, review.stars),
                    color = MaterialTheme.colorScheme.secondary,
                    style = MaterialTheme.typography.labelLarge,
                )
                Text(review.text)
            }
        }
    }
}

@Composable
private fun AddedPicture(uri: Uri) {
    val context = LocalContext.current
    val picture by produceState<ImageBitmap?>(null, uri) {
        value =
            withContext(Dispatchers.IO) {
                try {
                    ImageDecoder.decodeBitmap(ImageDecoder.createSource(context.contentResolver, uri)).asImageBitmap()
                } catch (_: IOException) {
                    null // no longer there
                }
            }
    }
    picture?.let {
        Image(
            it,
            stringResource(R.string.your_picture),
            Modifier.fillMaxWidth().height(180.dp).clip(MaterialTheme.shapes.extraLarge),
            contentScale = ContentScale.Crop,
        )
    }
}
