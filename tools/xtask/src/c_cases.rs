//! `tests/sdk/cases.json` as a header of C data, for bindings/c/tests/golden.c.

use std::fmt::Write;

use serde_json::Value;

/// The header, or what in the file has no form in C.
pub(crate) fn header(cases: &Value) -> Result<String, String> {
    let mut text = String::from("/* Made from tests/sdk/cases.json. The types stand in golden.c. */\n");
    let list = |name: &str| cases[name].as_array().map_or(&[][..], Vec::as_slice);
    let (mut golden, mut installs) = (String::new(), String::new());
    for (at, case) in list("cases").iter().enumerate() {
        text += &steps(at, case)?;
        text += &outputs(at, case);
        text += &reasons(at, case);
        golden += &golden_case(at, case, &cases["models"])?;
    }
    for (at, install) in list("installs").iter().enumerate() {
        text += &array("const char *const", &format!("before_{at}"), strings(&install["before"]).map(quoted));
        installs += &install_case(at, install)?;
    }
    let keys = list("keys").iter().map(|key| format!("{{{}, {}}}", word(&key["name"]), word(&key["file"])));
    text += &array("expected_key", "key_files", keys);
    if golden.is_empty() || installs.is_empty() {
        return Err("cases.json holds no cases or no installs".to_owned());
    }
    Ok(text
        + "static const golden_case cases[] = {\n"
        + &golden
        + "};\nstatic const install_case installs[] = {\n"
        + &installs
        + "};\n")
}

fn golden_case(at: usize, case: &Value, models: &Value) -> Result<String, String> {
    let record = match (&case["record"], &case["json"]) {
        (Value::Null, Value::Null) => "NULL".to_owned(),
        (Value::Null, json) => word(json),
        (record, _) => quoted(&record.to_string()),
    };
    let expect = &case["expect"];
    let class = format!("{}, {}", has(expect, "class"), word(&expect["class"]));
    let numbers = ["probability", "confidence", "distance"].map(|name| optional(expect, name)).join(", ");
    let model = case["model"].as_str().unwrap_or_default();
    Ok(format!(
        "    {{{}, {}, {}, {record}, steps_{at}, {}, {}, {}, {class}, {numbers}, outputs_{at}, {}, reasons_{at}, {:?}}},\n",
        word(&case["name"]),
        word(&case["model"]),
        word(&models[model]),
        failure(&case["error"])?,
        choice("DUNLIN_VERDICT_", &expect["verdict"]),
        choice("DUNLIN_ANSWERED_BY_", &expect["answered_by"]),
        has(expect, "values"),
        expect["tolerance"].as_f64().unwrap_or(0.0),
    ))
}

fn install_case(at: usize, install: &Value) -> Result<String, String> {
    let expect = &install["expect"];
    let texts = ["model_id", "version", "signer"].map(|name| word(&expect[name])).join(", ");
    Ok(format!(
        "    {{{}, before_{at}, {}, {}, {}, {}, {texts}, {}, {}}},\n",
        word(&install["name"]),
        word(&install["bundle"]),
        install["source"] == "shipped",
        failure(&install["error"])?,
        choice("DUNLIN_INSTALL_OUTCOME_", &expect["outcome"]),
        expect["sequence"].as_u64().unwrap_or(0),
        word(&install["active"]),
    ))
}

/// Values given by name: `{kind, feature, number, text or bytes, length}`, ended by an empty one.
fn steps(at: usize, case: &Value) -> Result<String, String> {
    let mut bytes = String::new();
    let mut steps = Vec::new();
    for (step, given) in case["build"].as_array().into_iter().flatten().enumerate() {
        let (kind, feature, value) = (word(&given[0]), word(&given[1]), &given[2]);
        let text = value.as_str().unwrap_or_default();
        steps.push(match given[0].as_str() {
            Some("tensor") => {
                let name = format!("bytes_{at}_{step}");
                let pairs = text.as_bytes().chunks(2).map(|pair| format!("0x{}", String::from_utf8_lossy(pair)));
                bytes += &array("uint8_t", &name, pairs);
                format!("{{{kind}, {feature}, 0, 0, (const char *){name}, {}}}", text.len() / 2)
            }
            Some("category" | "text") => format!("{{{kind}, {feature}, 0, 0, {}, {}}}", quoted(text), text.len()),
            Some("number") => format!("{{{kind}, {feature}, {}, 0, NULL, 0}}", number(value)?),
            Some("integer") => format!("{{{kind}, {feature}, 0, {value}, NULL, 0}}"),
            Some("boolean") => format!("{{{kind}, {feature}, 0, {}, NULL, 0}}", u8::from(value == true)),
            _ => return Err(format!("{}: no way to set a {kind} in C", case["name"])),
        });
    }
    Ok(bytes + &array("given_value", &format!("steps_{at}"), steps.into_iter()))
}

/// Outputs with their values: `{name, values, count}`.
fn outputs(at: usize, case: &Value) -> String {
    let (mut values, mut outputs) = (String::new(), Vec::new());
    for (output, (name, list)) in case["expect"]["values"].as_object().into_iter().flatten().enumerate() {
        let numbers: Vec<String> = list.as_array().into_iter().flatten().map(Value::to_string).collect();
        outputs.push(format!("{{{}, values_{at}_{output}, {}}}", quoted(name), numbers.len()));
        values += &array("double", &format!("values_{at}_{output}"), numbers.into_iter());
    }
    values + &array("expected_output", &format!("outputs_{at}"), outputs.into_iter())
}

fn reasons(at: usize, case: &Value) -> String {
    let reasons = case["expect"]["reasons"].as_array().into_iter().flatten();
    let reasons = reasons.map(|reason| format!("{{{}, {}}}", word(&reason["code"]), word(&reason["culprit"])));
    array("expected_reason", &format!("reasons_{at}"), reasons)
}

/// An array of constants, ended by an element of zeros: C has no empty arrays.
pub(crate) fn array(kind: &str, name: &str, items: impl Iterator<Item = String>) -> String {
    let mut text = format!("static {}{kind} {name}[] = {{", if kind.contains("const") { "" } else { "const " });
    for item in items {
        let _ = write!(text, "{item}, ");
    }
    // A struct's zeros need their braces, a number or pointer must not have them.
    text + if kind.contains('_') && kind != "uint8_t" { "{0}};\n" } else { "0};\n" }
}

/// Status, code and feature of an error; of none, the status is OK.
pub(crate) fn failure(error: &Value) -> Result<String, String> {
    let kind = match error["kind"].as_str() {
        None => "OK",
        Some("Record") => "RECORD",
        Some("Refused") => "REFUSED",
        Some("NotInstalled") => "NOT_INSTALLED",
        Some("InvalidArgument") => "INVALID_ARGUMENT",
        Some("Update") => "UPDATE",
        Some(other) => return Err(format!("cases.json: no status of C for {other}")),
    };
    Ok(format!("DUNLIN_STATUS_{kind}, {}, {}", word(&error["code"]), word(&error["feature"])))
}

/// `{compared, there, value}`
fn optional(expect: &Value, name: &str) -> String {
    let value = expect[name].as_f64();
    format!("{{{}, {}, {:?}}}", has(expect, name), value.is_some(), value.unwrap_or(0.0))
}

/// A constant by its name in the file, or -1 where nothing is said.
pub(crate) fn choice(prefix: &str, name: &Value) -> String {
    let Some(name) = name.as_str() else { return "-1".to_owned() };
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_uppercase());
    }
    format!("{prefix}{words}")
}

fn number(value: &Value) -> Result<String, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.parse::<f64>() {
        Ok(number) if number.is_nan() => Ok("NAN".to_owned()),
        Ok(number) if number.is_infinite() => Ok(if number > 0.0 { "INFINITY" } else { "-INFINITY" }.to_owned()),
        Ok(number) => Ok(format!("{number:?}")),
        Err(_) => Err(format!("{text} is no number")),
    }
}

fn has(object: &Value, name: &str) -> bool {
    object.get(name).is_some()
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// A string literal, or NULL.
pub(crate) fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| "NULL".to_owned(), quoted)
}

/// A string literal of the text's bytes.
pub(crate) fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        match byte {
            // A question mark could begin a trigraph.
            b'"' | b'\\' | b'?' => literal.extend(['\\', char::from(byte)]),
            b' '..=b'~' => literal.push(char::from(byte)),
            _ => {
                let _ = write!(literal, "\\{byte:03o}");
            }
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_literal_holds_the_texts_bytes_and_no_trigraph() {
        assert_eq!(quoted("a\"b\\c??/\u{e9}\n"), r#""a\"b\\c\?\?/\303\251\012""#);
    }

    #[test]
    fn names_of_the_file_become_constants_of_the_header() {
        assert_eq!(
            choice("DUNLIN_INSTALL_OUTCOME_", &json!("AlreadyInstalled")),
            "DUNLIN_INSTALL_OUTCOME_ALREADY_INSTALLED"
        );
        assert_eq!(choice("DUNLIN_VERDICT_", &Value::Null), "-1");
        assert!(failure(&json!({"kind": "Lost"})).is_err());
        assert_eq!(number(&json!("-Infinity")), Ok("-INFINITY".to_owned()));
    }

    #[test]
    fn what_is_null_is_compared_and_what_is_left_out_is_not() {
        let expect = json!({"probability": null, "distance": 0.5});
        assert_eq!(optional(&expect, "probability"), "{true, false, 0.0}");
        assert_eq!(optional(&expect, "confidence"), "{false, false, 0.0}");
        assert_eq!(optional(&expect, "distance"), "{true, true, 0.5}");
    }

    #[test]
    fn a_file_without_cases_is_refused() {
        assert!(header(&json!({"cases": [], "installs": []})).is_err());
    }
}
