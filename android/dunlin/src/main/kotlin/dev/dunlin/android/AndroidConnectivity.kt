// What Android says about the link.
package dev.dunlin.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import dev.dunlin.ConnectivityPort
import dev.dunlin.Link

/** Asks the system; the app needs the permission `ACCESS_NETWORK_STATE`, which the library's manifest declares. */
public class AndroidConnectivity(context: Context) : ConnectivityPort {
    private val manager = context.getSystemService(Context.CONNECTIVITY_SERVICE) as? ConnectivityManager

    override fun link(): Link? {
        val capabilities = manager?.getNetworkCapabilities(manager.activeNetwork) ?: return null
        if (!capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)) return null
        val isFree = capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED)
        return if (isFree) Link.UNMETERED else Link.METERED
    }
}
