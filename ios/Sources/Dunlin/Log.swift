// Where the library's log records go.

import DunlinGenerated

#if canImport(os)
import os
#endif

extension Dunlin {
    /// Sends what the library logs from now on to a sink, up to a level, in place of the sink before; without one nothing is
    /// logged. Where there is Apple's unified log, ``open(folder:keys:config:)`` sends its warnings there by itself.
    ///
    /// - Throws: ``DunlinError/invalidArgument(message:)`` when the process has another logger for Rust already.
    public static func setLogSink(_ sink: (any LogSink)?, maxLevel: LogLevel = .warn) throws {
        // Before it and not after: it is installed once, and would take this sink's place when Dunlin is opened.
        SystemLog.installOnce()
        try DunlinError.translating { try DunlinGenerated.setLogSink(sink: sink, maxLevel: maxLevel) }
    }
}

/// Apple's unified log, subsystem `dev.dunlin`, as the sink that is there unless the app sets another.
enum SystemLog {
    private static let installed: Void = {
        #if canImport(os)
        // A process with another logger keeps it.
        try? DunlinGenerated.setLogSink(sink: UnifiedLog(), maxLevel: .warn)
        #endif
    }()

    static func installOnce() { installed }
}

#if canImport(os)
private final class UnifiedLog: LogSink {
    func log(level: LogLevel, target: String, message: String) {
        let kind: OSLogType =
            switch level {
            case .error: .error
            case .warn: .default
            case .info: .info
            case .debug, .trace: .debug
            }
        // No message of the library holds a value of a user.
        Logger(subsystem: "dev.dunlin", category: target).log(level: kind, "\(message, privacy: .public)")
    }
}
#endif
