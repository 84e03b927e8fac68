// Makes the library's own types of what the generated surface tells, one to one.
package dev.dunlin.internal

import dev.dunlin.Alarm
import dev.dunlin.DType
import dev.dunlin.Feature
import dev.dunlin.FeatureType
import dev.dunlin.Fetch
import dev.dunlin.Health
import dev.dunlin.InstallOutcome
import dev.dunlin.InstallReport
import dev.dunlin.ModelHealth
import dev.dunlin.ModelUpdate
import dev.dunlin.NextUpload
import dev.dunlin.Notice
import dev.dunlin.OutputInfo
import dev.dunlin.OutputTask
import dev.dunlin.Part
import dev.dunlin.PrecomputeReport
import dev.dunlin.PrivacyClass
import dev.dunlin.Reported
import dev.dunlin.Severity
import dev.dunlin.Switch
import dev.dunlin.SyncReport
import dev.dunlin.TrialReport
import dev.dunlin.UpdateOutcome
import dev.dunlin.UpdateReport
import dev.dunlin.Upload
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import dev.dunlin.internal.uniffi.Alarm as ToldAlarm
import dev.dunlin.internal.uniffi.Feature as ToldFeature
import dev.dunlin.internal.uniffi.Fetch as ToldFetch
import dev.dunlin.internal.uniffi.Health as ToldHealth
import dev.dunlin.internal.uniffi.InstallReport as ToldInstall
import dev.dunlin.internal.uniffi.NextUpload as ToldNext
import dev.dunlin.internal.uniffi.Notice as ToldNotice
import dev.dunlin.internal.uniffi.OutputInfo as ToldOutput
import dev.dunlin.internal.uniffi.Part as ToldPart
import dev.dunlin.internal.uniffi.PrecomputeReport as ToldPrecompute
import dev.dunlin.internal.uniffi.Reported as ToldReported
import dev.dunlin.internal.uniffi.Switch as ToldSwitch
import dev.dunlin.internal.uniffi.SyncReport as ToldSync
import dev.dunlin.internal.uniffi.TrialReport as ToldTrial
import dev.dunlin.internal.uniffi.UpdateReport as ToldUpdate
import dev.dunlin.internal.uniffi.Upload as ToldUpload

internal fun featureOf(told: ToldFeature): Feature =
    Feature(
        name = told.name,
        kind = FeatureType.valueOf(told.kind.name),
        dtype = told.dtype?.let { DType.valueOf(it.name) },
        shape = told.shape.map { it.toInt() },
        required = told.required,
        min = told.min,
        max = told.max,
        minInteger = told.minInteger,
        maxInteger = told.maxInteger,
        levels = told.levels,
        acceptsUnseen = told.acceptsUnseen,
        maxBytes = told.maxBytes?.toLong(),
        unit = told.unit,
        privacy = PrivacyClass.valueOf(told.privacy.name),
        mayLeave = told.mayLeave,
        purpose = told.purpose,
    )

internal fun outputInfoOf(told: ToldOutput): OutputInfo =
    OutputInfo(told.name, OutputTask.valueOf(told.task.name), told.classes, told.shape.map { it.toInt() }, told.unit)

internal fun healthOf(told: ToldHealth): Health =
    Health(
        ok = told.ok,
        state = partOf(told.state),
        journal = partOf(told.journal),
        notices = told.notices.map(::noticeOf),
        counters = told.counters.mapValues { it.value.toLong() },
        models = told.models.map { ModelHealth(it.modelId, it.version, it.sequence.toLong(), it.slot) },
    )

private fun partOf(told: ToldPart): Part =
    when (told) {
        is ToldPart.Ok -> Part.Ok
        is ToldPart.Degraded -> Part.Degraded(noticeOf(told.notice))
    }

private fun noticeOf(told: ToldNotice): Notice = Notice(told.what, told.sinceUs, told.remedy)

internal fun alarmOf(told: ToldAlarm): Alarm =
    Alarm(
        what = told.what,
        howSure = told.howSure,
        whatToDo = told.whatToDo,
        kind = told.kind,
        subject = told.subject,
        severity = Severity.valueOf(told.severity.name),
        modelId = told.modelId,
        modelVersion = told.modelVersion,
        sinceUs = told.sinceUs,
        lastUs = told.lastUs,
        windows = told.windows.toLong(),
    )

internal fun installReportOf(told: ToldInstall): InstallReport =
    InstallReport(
        outcome = InstallOutcome.valueOf(told.outcome.name),
        modelId = told.modelId,
        version = told.version,
        sequence = told.sequence.toLong(),
        digest = told.digest,
        signer = told.signer,
        goldenCases = told.goldenCases.toLong(),
    )

internal fun precomputeReportOf(told: ToldPrecompute): PrecomputeReport =
    PrecomputeReport(
        records = told.records.toLong(),
        kept = told.kept.toLong(),
        repeated = told.repeated.toLong(),
        notAccepted = told.notAccepted.toLong(),
        refused = told.refused.toLong(),
        leftOut = told.leftOut.toLong(),
        bytes = told.bytes.toLong(),
    )

internal fun switchOf(told: ToldSwitch): Switch = Switch(told.modelId, told.version, told.sequence.toLong())

internal fun trialReportOf(told: ToldTrial): TrialReport =
    TrialReport(
        modelId = told.modelId,
        incumbent = told.incumbent,
        challenger = told.challenger,
        stage = told.stage,
        sinceUs = told.sinceUs,
        verdict = told.verdict,
        cause = told.cause,
        figures = told.figures,
    )

internal fun syncReportOf(told: ToldSync): SyncReport =
    SyncReport(told.attempts.toLong(), told.accepted.toLong(), told.waitMs?.let(::waitOf), told.trouble)

internal fun nextUploadOf(told: ToldNext): NextUpload =
    when (told) {
        is ToldNext.Send -> NextUpload.Send(uploadOf(told.upload))
        is ToldNext.Wait -> NextUpload.Wait(waitOf(told.waitMs))
        is ToldNext.Done -> NextUpload.Done
    }

internal fun uploadOf(told: ToldUpload): Upload = Upload(told.id, told.path, told.contentType, told.contentEncoding, told.body)

internal fun fetchOf(told: ToldFetch): Fetch =
    Fetch(told.path, told.range, told.maxBytes.coerceAtMost(Long.MAX_VALUE.toULong()).toLong())

internal fun updateReportOf(told: ToldUpdate): UpdateReport =
    UpdateReport(
        rootVersion = told.rootVersion.toLong(),
        channelVersion = told.channelVersion.toLong(),
        bytes = told.bytes.toLong(),
        models = told.models.map {
            ModelUpdate(it.modelId, UpdateOutcome.valueOf(it.outcome.name), it.version, it.why, it.recalled)
        },
    )

internal fun reportedOf(told: ToldReported): Reported =
    when (told) {
        is ToldReported.Accepted -> Reported.Accepted
        is ToldReported.Duplicate -> Reported.Duplicate
        is ToldReported.Kept -> Reported.Kept(waitOf(told.waitMs))
        is ToldReported.Paused -> Reported.Paused(waitOf(told.waitMs))
        is ToldReported.Shed -> Reported.Shed
        is ToldReported.Dropped -> Reported.Dropped
        is ToldReported.Unknown -> Reported.Unknown
    }

private fun waitOf(millis: ULong): Duration = millis.coerceAtMost(Long.MAX_VALUE.toULong()).toLong().milliseconds
