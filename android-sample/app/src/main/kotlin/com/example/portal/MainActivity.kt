package com.example.portal

import android.content.Intent
import android.os.Bundle
import android.view.View
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import androidx.activity.viewModels
import androidx.lifecycle.createSavedStateHandle
import androidx.lifecycle.lifecycleScope
import androidx.lifecycle.viewmodel.initializer
import androidx.lifecycle.viewmodel.viewModelFactory
import com.example.portal.screens.PortalScreens
import kotlinx.coroutines.launch

/** The app's one window. */
class MainActivity : ComponentActivity() {
    private val portal: Portal by viewModels {
        viewModelFactory { initializer { Portal(application as PortalApp, createSavedStateHandle()) } }
    }

    private val picture = registerForActivityResult(PickVisualMedia()) { chosen -> chosen?.let(portal::add) }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        enableEdgeToEdge()
        val presenter = (application as PortalApp).presenter
        setContent { PortalTheme { PortalScreens(portal, presenter) } }
        // A tap through another app's window is none of the person's.
        findViewById<View>(android.R.id.content).filterTouchesWhenObscured = true
        lifecycleScope.launch { portal.departures.collect(::leave) }
    }

    private fun leave(departure: Departure) =
        when (departure) {
            Departure.ChoosePicture -> {
                picture.launch(PickVisualMediaRequest(PickVisualMedia.ImageOnly))
            }

            is Departure.Share -> {
                val share = Intent(Intent.ACTION_SEND).setType("application/ld+json").putExtra(Intent.EXTRA_TEXT, departure.text)
                startActivity(Intent.createChooser(share, null))
            }
        }
}
