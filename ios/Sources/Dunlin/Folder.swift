// Where Dunlin's files lie, and how the system protects them.

import Foundation

enum Folder {
    /// The path of a folder that is there and protected, as far as the system lets us: what is wrong with it, health tells.
    static func prepared(_ wanted: URL?) throws -> String {
        let folder = wanted ?? usual
        let path = try self.path(of: folder)
        let files = FileManager.default
        try? files.createDirectory(at: folder, withIntermediateDirectories: true, attributes: protection)
        if !protection.isEmpty {
            // A folder that was there before: what is made in it from now on inherits its protection.
            try? files.setAttributes(protection, ofItemAtPath: path)
        }
        keepOutOfBackups(folder)
        return path
    }

    static func path(of file: URL) throws -> String {
        guard file.isFileURL else {
            throw DunlinError.invalidArgument(message: "only files can be opened: download it first, and give its file URL")
        }
        return file.path
    }

    private static var usual: URL {
        let folders = FileManager.default.urls(for: .applicationSupportDirectory, in: .userDomainMask)
        return (folders.first ?? FileManager.default.temporaryDirectory).appendingPathComponent("dunlin", isDirectory: true)
    }

    /// Readable in the background once the person has unlocked the device since it was started.
    private static var protection: [FileAttributeKey: Any] {
        #if os(iOS) || os(tvOS) || os(watchOS) || os(visionOS)
        return [.protectionKey: FileProtectionType.completeUntilFirstUserAuthentication]
        #else
        return [:]
        #endif
    }

    /// A journal restored onto another device would speak for this installation there.
    private static func keepOutOfBackups(_ folder: URL) {
        #if canImport(Darwin)
        var folder = folder
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try? folder.setResourceValues(values)
        #endif
    }
}
