// The library that apps take: `./gradlew :dunlin:assembleRelease` makes the AAR. Needs the NDK, cargo-ndk, and the Rust targets
// of ABIS. Not run by this repository's tests: docs/sdk-android.md.
plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
}

val abis = listOf("arm64-v8a", "armeabi-v7a", "x86_64")
val repository = rootDir.parentFile
val libraries = layout.buildDirectory.dir("rust/jniLibs")
val surface = layout.buildDirectory.dir("rust/kotlin")
val hostTarget = layout.buildDirectory.dir("rust/target")

/** The library for each ABI, without candle: every operation has a kernel, and the reference executor would double its size. */
val buildNative by tasks.registering(Exec::class) {
    workingDir = repository
    commandLine(
        listOf("cargo", "ndk", "--platform", "23", "--output-dir", libraries.get().asFile.path) +
            abis.flatMap { listOf("--target", it) } +
            listOf("build", "--profile", "sdk", "--package", "dunlin-jni", "--no-default-features"),
    )
    outputs.dir(libraries)
    // Cargo knows what has changed.
    outputs.upToDateWhen { false }
}

/** The same library for this machine: the generator reads the surface out of it. */
val buildForGenerator by tasks.registering(Exec::class) {
    workingDir = repository
    commandLine("cargo", "build", "--release", "--package", "dunlin-uniffi", "--target-dir", hostTarget.get().asFile.path)
    outputs.upToDateWhen { false }
}

val generateSurface by tasks.registering(Exec::class) {
    dependsOn(buildForGenerator)
    workingDir = repository
    val suffix = if (System.getProperty("os.name").startsWith("Mac")) "dylib" else "so"
    commandLine(
        "cargo", "run", "--release", "--package", "dunlin-bindgen", "--target-dir", hostTarget.get().asFile.path, "--",
        "generate", "--no-format", "--language", "kotlin", "--out-dir", surface.get().asFile.path,
        hostTarget.get().file("release/libdunlin_uniffi.$suffix").asFile.path,
    )
    outputs.dir(surface)
    outputs.upToDateWhen { false }
}

android {
    namespace = "dev.dunlin"
    compileSdk = 35

    defaultConfig {
        minSdk = 23
        consumerProguardFiles("consumer-rules.pro")
        ndk { abiFilters += abis }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }

    sourceSets["main"].jniLibs.srcDir(libraries)
    sourceSets["main"].java.srcDir(surface)
    publishing { singleVariant("release") }
}

kotlin {
    compilerOptions { jvmTarget.set(org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_1_8) }
}

tasks.named("preBuild") { dependsOn(buildNative, generateSurface) }

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.10.2")
    // From 5.17 on its own library has pages of 16 KiB.
    implementation("net.java.dev.jna:jna:5.18.1@aar")
}
