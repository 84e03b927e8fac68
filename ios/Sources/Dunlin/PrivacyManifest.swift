// Where the package's privacy manifest lies.

import Foundation

enum PrivacyManifest {
    /// Xcode collects it from the package's resources by itself.
    static var url: URL? { Bundle.module.url(forResource: "PrivacyInfo", withExtension: "xcprivacy") }
}
