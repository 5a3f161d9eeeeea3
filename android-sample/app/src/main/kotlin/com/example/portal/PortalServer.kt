package com.example.portal

import com.pforte.Header
import com.pforte.HttpRequest
import com.pforte.HttpResponse
import com.pforte.Pforte
import com.pforte.text
import org.json.JSONArray
import org.json.JSONObject
import java.io.IOException

/** The portal's server. Tokens, their renewal and the answer to a refused one stay inside of [Pforte.send]. */
class PortalServer(
    private val pforte: Pforte,
    private val origin: String,
) {
    /** What people wrote about [hotel]. */
    suspend fun reviews(hotel: String): List<Review> {
        val all = JSONArray(send("GET", "/portal/reviews").text)
        return (0 until all.length())
            .map { all.getJSONObject(it) }
            .map { Review(it.getString("hotel"), it.getString("text"), it.getInt("stars"), it.getString("author")) }
            .filter { it.hotel == hotel }
    }

    /** Publishes a review. */
    suspend fun post(
        hotel: String,
        text: String,
        stars: Int,
    ) {
        send("POST", "/portal/reviews", JSONObject(mapOf("hotel" to hotel, "text" to text, "stars" to stars)))
    }

    /**
     * Books [hotel] and pays.
     *
     * @throws com.pforte.PforteException.StepUpNeeded if the server wants to be surer of who books; [Pforte.call] answers it.
     */
    suspend fun book(
        hotel: String,
        nights: Int,
    ) {
        send("POST", "/portal/bookings", JSONObject(mapOf("hotel" to hotel, "nights" to nights)))
    }

    private suspend fun send(
        method: String,
        path: String,
        body: JSONObject? = null,
    ): HttpResponse {
        val headers = listOfNotNull(body?.let { Header("content-type", "application/json") })
        val response = pforte.send(HttpRequest(method, origin + path, headers, body?.toString().orEmpty().encodeToByteArray()))
        if (response.status.toInt() !in 200..299) throw IOException("$method $path: ${response.status}")
        return response
    }
}
