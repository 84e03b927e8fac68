// The project that apps are built with. It is not run by this repository's tests, which compile the same sources with
// Maven (pom.xml): docs/sdk-android.md.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode.set(RepositoriesMode.FAIL_ON_PROJECT_REPOS)
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "dunlin-android"
include(":dunlin", ":sample")
