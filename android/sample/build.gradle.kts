// Draw a digit: `./gradlew :sample:installDebug`. Not run by this repository's tests: docs/sdk-android.md.
plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
}

val golden = rootDir.parentFile.resolve("tests/golden")
val assets = layout.buildDirectory.dir("assets")

/** The model of the demo, and the key that signed it. */
val copyModel by tasks.registering(Copy::class) {
    from(golden.resolve("demo.pub"))
    from(golden.resolve("digits-f32.dunlin")) { rename { "digits.dunlin" } }
    into(assets)
}

android {
    namespace = "dev.dunlin.sample"
    compileSdk = 35

    defaultConfig {
        applicationId = "dev.dunlin.sample"
        minSdk = 23
        targetSdk = 35
        versionCode = 1
        versionName = "1"
    }

    buildTypes["release"].apply {
        isMinifyEnabled = true
        proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"))
        signingConfig = signingConfigs["debug"]
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }

    // A bundle is compressed already; stored as it is, it can be read without a copy in memory.
    androidResources { noCompress += "dunlin" }
    sourceSets["main"].assets.srcDir(assets)
}

kotlin {
    compilerOptions { jvmTarget.set(org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_1_8) }
}

tasks.named("preBuild") { dependsOn(copyModel) }

dependencies {
    implementation(project(":dunlin"))
}
