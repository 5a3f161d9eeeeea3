package com.example.portal

import androidx.annotation.StringRes

/** A hotel of the portal. The list comes with the app: looking at hotels needs no account and no network. */
class Hotel(
    /** As the server names it. */
    val id: String,
    val name: String,
    val city: String,
    @param:StringRes val about: Int,
    /** In euros. */
    val pricePerNight: Int,
)

val hotels =
    listOf(
        Hotel("h1", "Hotel Aurora", "Wien", R.string.about_aurora, 128),
        Hotel("h2", "Gasthof Linde", "Graz", R.string.about_linde, 84),
        Hotel("h3", "Seehaus", "Bregenz", R.string.about_seehaus, 156),
    )

/** What somebody wrote about a hotel. */
data class Review(
    val hotel: String,
    val text: String,
    val stars: Int,
    val author: String,
)
