// What an app would have been packed with, for an app that was not packed.
package dev.dunlin

import android.content.Context
import java.io.File
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream

/** Gives a context the assets of the sample: the model of the demo, and the key that signed it. */
fun addAssets(context: Context) {
    val golden = File(System.getenv("DUNLIN_ROOT"), "tests/golden")
    val assets = mapOf("demo.pub" to "demo.pub", "digits.dunlin" to "digits-f32.dunlin")
    val packed = File.createTempFile("assets", ".apk").apply { deleteOnExit() }
    ZipOutputStream(packed.outputStream()).use { zip ->
        for ((name, file) in assets) {
            zip.putNextEntry(ZipEntry("assets/$name"))
            zip.write(File(golden, file).readBytes())
        }
    }
    check(context.assets.addAssetPath(packed.path) != 0)
}
