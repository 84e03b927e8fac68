// What the screens say, in words.
package dev.dunlin.sample

import dev.dunlin.Alarm
import dev.dunlin.AnsweredBy
import dev.dunlin.Health
import dev.dunlin.Part
import dev.dunlin.Prediction
import dev.dunlin.Verdict

/** An answer for the person who drew. */
fun inWords(prediction: Prediction): String {
    val chosen = prediction.chosenClass
    val who = if (prediction.answeredBy == AnsweredBy.BASELINE) " (by the simple model)" else ""
    val answer = chosen?.let { "${it.name}$who, ${percent(it.probability)} sure" } ?: "I cannot tell"
    val reasons = (prediction.verdict as? Verdict.Abstain)?.reasons.orEmpty().map { "\n${it.message}" }
    return answer + reasons.joinToString("")
}

/** The health screen. */
fun inWords(health: Health, alarms: List<Alarm>): String =
    buildString {
        appendLine(if (health.ok) "Everything works." else "Not everything works.")
        listOf("Models" to health.state, "Journal" to health.journal).forEach { (name, part) ->
            if (part is Part.Degraded) appendLine("$name: ${part.notice.what}. ${part.notice.remedy}")
        }
        health.notices.forEach { appendLine("${it.what}. ${it.remedy}") }
        health.models.forEach { appendLine("${it.modelId} ${it.version} (${it.slot ?: "kept"})") }
        alarms.forEach { appendLine("Alarm: ${it.what} ${it.howSure} ${it.whatToDo}") }
        health.counters.toSortedMap().forEach { (name, count) -> appendLine("$name $count") }
    }

private fun percent(probability: Double) = "${(100 * probability).toInt()} %"
