//! The lifecycles of `tests/sdk/cases.json` as a header of C data, for bindings/c/tests/lifecycle.c.

use serde_json::Value;

use crate::c_cases::{array, choice, failure, quoted, word};

/// The header, or what in the file has no form in C.
pub(crate) fn header(cases: &Value) -> Result<String, String> {
    let mut text = String::from("/* Made from tests/sdk/cases.json. The types stand in lifecycle.c. */\n");
    let policy = ["shadow_share", "shadow_cpu", "min_compared"].map(|name| cases["trial"][name].to_string());
    text += &format!("static const trial_policy trial = {{{}}};\n", policy.join(", "));
    let mut lifecycles = Vec::new();
    for (at, lifecycle) in cases["lifecycles"].as_array().into_iter().flatten().enumerate() {
        let steps = lifecycle["steps"].as_array().into_iter().flatten().map(step).collect::<Result<Vec<_>, _>>()?;
        text += &array("lifecycle_step", &format!("steps_{at}"), steps.into_iter());
        text += &chain(at, &lifecycle["chain"]);
        let count = lifecycle["chain"].as_array().map_or(0, Vec::len);
        lifecycles.push(format!(
            "{{{}, {}, chain_{at}, {count}, {}, {}, steps_{at}}}",
            word(&lifecycle["name"]),
            lifecycle["chain"].is_array(),
            object(&lifecycle["admission"]),
            word(&lifecycle["channel"]),
        ));
    }
    if lifecycles.is_empty() {
        return Err("cases.json holds no lifecycles".to_owned());
    }
    Ok(text + &format!("static const lifecycle lifecycles[] = {{{}}};\n", lifecycles.join(",\n    ")))
}

/// Everything that a step says, in the order of its struct.
fn step(step: &Value) -> Result<String, String> {
    let is_update = step["do"] == "update";
    Ok(format!(
        "\n    {{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}}",
        word(&step["do"]),
        word(&step["bundle"]),
        object(&step["record"]),
        step["times"].as_u64().unwrap_or(0),
        step["link"] == "metered",
        if is_update { "-1".to_owned() } else { choice("DUNLIN_INSTALL_OUTCOME_", &step["outcome"]) },
        step["outcome"].as_str().filter(|_| is_update).map_or("NULL".to_owned(), |name| quoted(&name.to_lowercase())),
        word(&step["version"]),
        step["recalled"].as_u64().unwrap_or(0),
        step["changed"] == true,
        choice("DUNLIN_ANSWERED_BY_", &step["answered_by"]),
        failure(&step["error"])?,
        word(&step["answers"]),
        word(&step["active"]),
        word(&step["stage"]),
    ))
}

/// Who answers, ended by a number that is not counted: C has no empty arrays.
fn chain(at: usize, steps: &Value) -> String {
    let steps = steps.as_array().into_iter().flatten().map(|step| choice("DUNLIN_FALLBACK_STEP_", step) + ", ");
    format!("static const uint32_t chain_{at}[] = {{{}0}};\n", steps.collect::<String>())
}

/// The text of an object, or NULL.
fn object(value: &Value) -> String {
    if value.is_object() { quoted(&value.to_string()) } else { "NULL".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_step_says_everything_in_the_order_of_its_struct() {
        let given = json!({"do": "activate", "error": {"kind": "Refused", "code": "no_candidate"}, "active": "1.0.0"});
        let expected = "{\"activate\", NULL, NULL, 0, false, -1, NULL, NULL, 0, false, -1, DUNLIN_STATUS_REFUSED, \
                        \"no_candidate\", NULL, NULL, \"1.0.0\", NULL}";
        assert_eq!(step(&given).map(|step| step.trim().to_owned()), Ok(expected.to_owned()));
    }

    #[test]
    fn a_chain_of_nobody_is_still_an_array() {
        assert_eq!(chain(3, &json!([])), "static const uint32_t chain_3[] = {0};\n");
        let named = "static const uint32_t chain_0[] = {DUNLIN_FALLBACK_STEP_PREVIOUS, 0};\n";
        assert_eq!(chain(0, &json!(["previous"])), named);
    }

    #[test]
    fn a_file_without_lifecycles_is_refused() {
        assert!(header(&json!({"lifecycles": []})).is_err());
    }
}
